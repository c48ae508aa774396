#include "figures/route_marks.h"

#include <fmt/format.h>

namespace limpid {

std::string diamond(double x, double y, double radius) {
  return Path().move(x, y - radius).line(x + radius, y).line(x, y + radius).line(x - radius, y).close().str();
}

std::string bulge(double x, double y1, double y2, double bend) {
  const double middle = (y1 + y2) / 2;
  return Path().move(x, y1).curve(x + bend, y1, x + bend, middle).curve(x + bend, y2, x, y2).str();
}

void draw_ring(Svg& svg, double x, double y, double radius, const Theme& theme, double size) {
  const std::string dash = fmt::format("{} {}", number(0.15 * size), number(0.17 * size));
  svg.circle(x, y, radius + 0.28 * size,
             {.fill = "none", .stroke = theme.text_secondary, .stroke_width = 0.1 * size, .dash = dash});
}

void draw_end(Svg& svg, double x, double y, double radius, bool degenerate, const Theme& theme, double size) {
  const double r = 1.35 * radius;
  const Paint stroke = {.fill = theme.background, .stroke = theme.text, .stroke_width = 0.12 * size};
  svg.circle(x, y, r, stroke);
  if (degenerate)
    svg.path(Path().move(x - r, y - r).line(x + r, y + r).move(x - r, y + r).line(x + r, y - r).str(),
             stroke);
}

}  // namespace limpid
