// What an intervention did, as text.
#pragma once

#include <string>

#include "limpid/intervention.h"

#include "cli/terminal.h"

namespace limpid {

std::string draw_patch(const PatchResult& result, const Terminal& terminal);

}  // namespace limpid
