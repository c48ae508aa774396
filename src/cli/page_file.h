// `--html FILE`: the web app with one explanation in it.
#pragma once

#include <string>

#include "api/session.h"
#include "base/result.h"

namespace CLI {
class App;
}

namespace limpid {

struct PageFileOptions {
  std::string path;  // empty: no page is wanted

  void add_to(CLI::App& app);
  /// Writes it where one is wanted, and tells what had no room. Errors: kIo, and as snapshot() and
  /// single_file().
  Status write(const Session& session, Explanation& explanation, const RouteOptions& route) const;
};

}  // namespace limpid
