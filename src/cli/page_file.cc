#include "cli/page_file.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "server/single_file.h"
#include "server/snapshot.h"

#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/progress.h"

namespace limpid {

void PageFileOptions::add_to(CLI::App& app) {
  app.add_option("--html", path,
                 "Write a page into this file that shows the explanation as `limpid serve` does, and needs "
                 "neither a server nor a network")
      ->option_text("FILE")
      ->group(kOutputGroup)
      ->check([](const std::string& name) {
        return name.empty() || name == "-" ? "expected the name of a file" : std::string();
      });
}

Status PageFileOptions::write(const Session& session, Explanation& explanation,
                              const RouteOptions& route) const {
  if (path.empty()) return {};
  if (route.threshold < kLeastThreshold || route.threshold > kMostThreshold) {
    fmt::print(stderr, "limpid: note: the page has thresholds from {:g} to {:g}\n", kLeastThreshold,
               kMostThreshold);
  }
  ProgressBar progress;
  LIMPID_TRY(const Snapshot taken, snapshot(session, explanation, route, progress.control()));
  progress.clear();
  for (const std::string& what : taken.left_out) fmt::print(stderr, "limpid: note: {}\n", what);
  LIMPID_TRY(const std::string page, single_file(assets(), taken.json));
  return write_output_file(path, page);
}

}  // namespace limpid
