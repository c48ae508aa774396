#include "figures/attention_map.h"

#include <algorithm>
#include <cmath>

#include "figures/colour.h"

#include "base/check.h"

namespace limpid {

namespace {

double largest(const AttentionMap& map, size_t row, size_t column, size_t pool) {
  float value = 0;
  for (size_t q = row * pool; q < std::min((row + 1) * pool, map.n_tok); ++q) {
    for (size_t k = column * pool; k < std::min((column + 1) * pool, map.n_tok); ++k)
      value = std::max(value, map.values[q * map.n_tok + k]);
  }
  return static_cast<double>(value);
}

}  // namespace

size_t pooled_tokens(size_t n_tok, double side, double least) {
  const auto most = static_cast<size_t>(std::max(side / least, 1.0));
  return std::max<size_t>((n_tok + most - 1) / most, 1);
}

void draw_attention_map(Svg& svg, const AttentionMap& map, double left, double top, double side, size_t pool,
                        const Theme& theme) {
  CHECK(map.values.size() == map.n_tok * map.n_tok && map.n_tok > 0);
  const size_t n = (map.n_tok + pool - 1) / pool;
  const double cell = side / static_cast<double>(n);
  // What no query can read, then what it can.
  svg.rect(left, top, side, side, {.fill = mix(theme.background, theme.sunken, 0.6)});
  Path readable;
  readable.move(left, top);
  for (size_t i = 0; i < n; ++i) {
    const double x = left + static_cast<double>(i + 1) * cell, y = top + static_cast<double>(i) * cell;
    readable.line(x, y).line(x, y + cell);
  }
  svg.path(readable.line(left, top + side).close().str(), {.fill = theme.background});
  const Grid grid = {
      .left = left, .top = top, .cell_width = cell, .cell_height = cell, .gap = 0, .n_row = n, .n_column = n};
  const Shades shades = {theme.background, theme.attention};
  draw_heat_map(svg, grid, shades, [&](size_t row, size_t column) {
    return column > row || map.highest <= 0 ? -1 : largest(map, row, column, pool) / map.highest;
  });
  svg.rect(left, top, side, side, {.fill = "none", .stroke = theme.line, .stroke_width = 1});
}

}  // namespace limpid
