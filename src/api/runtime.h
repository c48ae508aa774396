// Settings of the process, and small questions a front end asks before opening anything.
#pragma once

#include <string_view>

namespace limpid {

/// 0: all cores. Results do not depend on it.
void set_runtime_threads(int n);

/// Whether the text would be taken for a model rather than a prompt: an existing path, or an id in the cache.
bool names_model(std::string_view text);

/// "0.1.0".
std::string_view version();

}  // namespace limpid
