// `limpid explain --prompts FILE`: every line explained, every answer a line of JSON (api/batch.h).
#pragma once

#include <optional>
#include <string>

#include "api/batch.h"

namespace CLI {
class App;
}

namespace limpid {

struct BatchOptions {
  std::optional<std::string> prompts;
  std::string out = "-";

  /// After --format and --svg, which are refused beside --prompts.
  void add_to(CLI::App& app);
};

/// Writes each answer as soon as it is there, and what failed and a summary to standard error. Errors: a file
/// cannot be read or written; lines that failed, after all others.
Status explain_batch(const Session& session, const BatchOptions& options, const BatchRequest& defaults);

}  // namespace limpid
