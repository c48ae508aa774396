// Attention and contributions of heads in the terminal: one head as two maps side by side, many as a table.
#pragma once

#include <span>
#include <string>

#include "limpid/attention.h"

#include "cli/terminal.h"

namespace limpid {

/// Rows are queries, columns keys. Where the terminal is too narrow the last tokens are shown, and before
/// them the first one, because it draws attention whatever it is, and the sum of those between. Each map has
/// a scale of its own.
std::string draw_maps(const HeadMap& map, std::span<const Piece> tokens, const Terminal& terminal);

/// Pairs of one head by contribution.
std::string strongest_pairs(const HeadMap& map, std::span<const Piece> tokens, size_t count,
                            const Terminal& terminal);

/// A row for each head, by contribution; at most `count` of them.
std::string heads_table(const AttentionResult& result, size_t count, const Terminal& terminal);

/// Small maps of the first heads by contribution, where at least two fit beside each other; else nothing.
std::string small_maps(const AttentionResult& result, const Terminal& terminal);

}  // namespace limpid
