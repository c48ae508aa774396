// Settings of the process.
#pragma once

#include <string_view>

namespace limpid {

/// 0: all cores. Results do not depend on it.
void set_runtime_threads(int n);
/// How many compute.
int runtime_threads();

/// "0.1.0".
std::string_view version();

}  // namespace limpid
