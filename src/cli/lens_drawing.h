// The logit lens for a terminal: a grid of top tokens, or, of a single position, a list with numbers.
#pragma once

#include <string>

#include "limpid/lens.h"

#include "cli/terminal.h"

namespace limpid {

std::string draw_lens(const LensResult& lens, const Terminal& terminal);

}  // namespace limpid
