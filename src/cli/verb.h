// A verb of the command line: one file in verbs/, registered by its name (cmake/Limpid.cmake).
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace CLI {
class App;
}

namespace limpid {

struct Verb {
  std::string_view name;
  std::string_view summary;   // one line
  std::string_view examples;  // command lines that work on the default model, one a line; the tests run them
  /// Adds the verb's options to its sub-command and returns what runs once they are parsed.
  std::function<Status()> (*define)(CLI::App& app);
  std::string_view description = {};  // of --help: what it does and gives; paragraphs, one a line
};

std::span<const Verb* const> verbs();

}  // namespace limpid
