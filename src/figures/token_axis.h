// The tokens of a prompt along a figure's lower edge.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "figures/svg.h"
#include "limpid/token.h"

namespace limpid {

/// A token, or a run of tokens folded together.
struct TokenColumn {
  int position = 0;
  int count = 1;            // > 1: a fold of this many positions
  bool on_route = false;    // else it is printed muted
  double x = 0, width = 0;  // centre
  std::string label = {};   // cut to its place; empty for folds
};

struct TokenAxis {
  bool upward = false;              // labels are read from below
  double label_y = 0, index_y = 0;  // label_y: the middle, or where upward labels end
  double bottom = 0;
};

/// How far apart labels that need `needed` may stand where cells are `cell` wide: 1, 2, 5, 10, 20, ... cells.
size_t label_step(double cell, double needed);

/// Fills in the columns' labels: level where they fit or columns are wide, else upward,
/// and none where columns are narrower than a line of text.
TokenAxis place_token_axis(std::vector<TokenColumn>& columns, std::span<const Piece> tokens, double top,
                           double size);

void draw_token_axis(Svg& svg, const TokenAxis& axis, std::span<const TokenColumn> columns,
                     const Theme& theme, double size);

}  // namespace limpid
