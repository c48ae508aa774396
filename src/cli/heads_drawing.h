// Roles of heads in the terminal.
#pragma once

#include <cstddef>
#include <string>

#include "limpid/heads.h"

#include "cli/terminal.h"

namespace limpid {

/// Heads of result.roles[role] by score; at most `count` of them.
std::string role_table(const HeadsResult& result, size_t role, size_t count, const Terminal& terminal);

/// The best role of every head as a letter: layers as rows, heads as columns.
std::string role_grid(const HeadsResult& result, const Terminal& terminal);

}  // namespace limpid
