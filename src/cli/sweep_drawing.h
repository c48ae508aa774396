// A sweep in the terminal: the components with the largest effects, and grids of all.
#pragma once

#include <string>

#include "limpid/intervention.h"

#include "cli/terminal.h"

namespace limpid {

/// `count`: of the components listed.
std::string draw_sweep(const SweepResult& result, size_t count, const Terminal& terminal);

}  // namespace limpid
