// Values from 0 to a maximum as shades of a hue.
#pragma once

#include <functional>
#include <string>

#include "figures/svg.h"

namespace limpid {

/// The shade of `share` of the maximum, 0 to 1: from nearly the background to `deepest` of the hue.
struct Shades {
  std::string_view background, hue;
  double palest = 0, deepest = 1;

  std::string operator()(double share) const;
};

struct Grid {
  double left = 0, top = 0;
  double cell_width = 0, cell_height = 0;
  double gap = 0;  // between cells
  size_t n_row = 0, n_column = 0;
};

/// Draws the cells for which `share(row, column)` is 0 or more, those that are alike as one path: maps of
/// many heads stay small. Shares are rounded to a twentieth of the shades; those that round to no hue at all
/// are not drawn.
void draw_heat_map(Svg& svg, const Grid& grid, const Shades& shades,
                   const std::function<double(size_t, size_t)>& share);

/// A strip of all shades between the texts of the two ends, `width` with them.
void draw_scale(Svg& svg, double left, double middle, double width, const Shades& shades,
                std::string_view lowest, std::string_view highest, const TextStyle& style);

}  // namespace limpid
