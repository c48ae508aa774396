#include "figures/heat_map.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "figures/colour.h"

namespace limpid {

namespace {

constexpr int kSteps = 20;

}  // namespace

std::string Shades::operator()(double share) const {
  return mix(background, hue, palest + (deepest - palest) * std::clamp(share, 0.0, 1.0));
}

void draw_heat_map(Svg& svg, const Grid& grid, const Shades& shades,
                   const std::function<double(size_t, size_t)>& share) {
  std::array<Path, kSteps + 1> cells;
  for (size_t row = 0; row < grid.n_row; ++row) {
    for (size_t column = 0; column < grid.n_column; ++column) {
      const double value = share(row, column);
      if (!(value >= 0)) continue;
      const auto step = static_cast<size_t>(std::lround(std::min(value, 1.0) * kSteps));
      cells[step].rect(grid.left + static_cast<double>(column) * grid.cell_width + grid.gap / 2,
                       grid.top + static_cast<double>(row) * grid.cell_height + grid.gap / 2,
                       grid.cell_width - grid.gap, grid.cell_height - grid.gap);
    }
  }
  for (size_t step = 0; step < cells.size(); ++step) {
    const bool blank = step == 0 && shades.palest == 0;
    if (!blank && !cells[step].empty())
      svg.path(cells[step].str(), {.fill = shades(static_cast<double>(step) / kSteps)});
  }
}

void draw_scale(Svg& svg, double left, double middle, double width, const Shades& shades,
                std::string_view lowest, std::string_view highest, const TextStyle& style) {
  const double gap = 0.4 * style.size, height = 0.7 * style.size;
  const double begin = left + text_width(lowest, style.font, style.size) + gap;
  const double end = left + width - text_width(highest, style.font, style.size) - gap;
  const double step = (end - begin) / (kSteps + 1);
  svg.text(begin - gap, middle, lowest, {.fill = style.fill, .size = style.size, .anchor = Anchor::kEnd});
  for (int i = 0; i <= kSteps; ++i)
    svg.rect(begin + i * step, middle - height / 2, step * 1.02, height,
             {.fill = shades(double{1} * i / kSteps)});
  svg.text(end + gap, middle, highest, {.fill = style.fill, .size = style.size});
}

}  // namespace limpid
