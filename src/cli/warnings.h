// What went well, but not as one may think.
#pragma once

#include <string>
#include <vector>

namespace limpid {

/// One line each, on standard error.
void print_warnings(const std::vector<std::string>& warnings);

}  // namespace limpid
