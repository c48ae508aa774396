#include "cli/warnings.h"

#include <cstdio>
#include <fmt/format.h>

namespace limpid {

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) fmt::print(stderr, "limpid: warning: {}\n", warning);
}

}  // namespace limpid
