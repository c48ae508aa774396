// One map of a head, queries as rows and keys as columns.
#pragma once

#include <span>

#include "figures/heat_map.h"

namespace limpid {

struct AttentionMap {
  std::span<const float> values;  // [n_tok * n_tok]
  size_t n_tok = 0;
  double highest = 1;  // the value of the deepest shade
};

/// Tokens that share a row or a column of a map of this side, so that a cell is at least `least` wide.
size_t pooled_tokens(size_t n_tok, double side, double least);

/// A square. Cells of `pool` x `pool` values show the largest.
void draw_attention_map(Svg& svg, const AttentionMap& map, double left, double top, double side, size_t pool,
                        const Theme& theme);

}  // namespace limpid
