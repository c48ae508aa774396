// Settings of the process, and small questions a front end asks before opening anything.
#pragma once

#include <string_view>

#include "limpid/runtime.h"

namespace limpid {

/// Whether the text would be taken for a model rather than a prompt: an existing path, or an id in the cache.
bool names_model(std::string_view text);

}  // namespace limpid
