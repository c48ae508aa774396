// `explain --verify`: whether the route carries the prediction.
#pragma once

#include <optional>
#include <string>

#include "api/session.h"
#include "cli/proof_text.h"

namespace CLI {
class App;
}

namespace limpid {

struct ProofOptions {
  bool verify = false;
  std::string against;
  std::string value;
  std::string target, versus;

  void add_to(CLI::App& app);
  /// Nothing unless it is asked for. `against` is a prompt like `prompt` but for its text.
  Result<std::optional<RouteProof>> prove(const Session& session, const Explanation& explanation,
                                          const Route& route, const Prompt& prompt,
                                          const RunControl& control) const;
};

}  // namespace limpid
