// An inspection for the terminal.
#pragma once

#include <string>

#include "limpid/inspect.h"

#include "cli/terminal.h"

namespace limpid {

std::string draw_inspection(const Inspection& inspection, const Terminal& terminal);

}  // namespace limpid
