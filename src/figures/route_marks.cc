#include "figures/route_marks.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace limpid {

std::string diamond(double x, double y, double radius) {
  return Path().move(x, y - radius).line(x + radius, y).line(x, y + radius).line(x - radius, y).close().str();
}

std::string bulge(double x, double y1, double y2, double bend) {
  const double middle = (y1 + y2) / 2;
  return Path().move(x, y1).curve(x + bend, y1, x + bend, middle).curve(x + bend, y2, x, y2).str();
}

std::string edge_line(const PlacedEdge& e) {
  if (e.edge->kind == EdgeKind::kResidual) return Path().move(e.x1, e.y1).line(e.x2, e.y2).str();
  if (e.edge->from.position == e.edge->to.position)
    return bulge(e.x1, e.y1, e.y2, e.edge->kind == EdgeKind::kAttention ? -e.bend : e.bend);
  return Path()
      .move(e.x1, e.y1)
      .curve(e.x1, e.lane, e.x1 + e.bend, e.lane)
      .line(e.x2 - e.bend, e.lane)
      .curve(e.x2, e.lane, e.x2, e.y2)
      .str();
}

double diamond_radius(double weight, const RouteLayout& layout) {
  return std::min(0.42, 0.2 + 0.24 * std::sqrt(weight)) * layout.size * layout.scale;
}

void draw_layers(Svg& svg, const RouteLayout& layout, const Theme& theme) {
  const auto group = svg.group("layers");
  const double s = layout.size, x = layout.graph.left - 0.8 * s;
  svg.text(s, layout.graph.top - 1.3 * s, "Layer", {.fill = theme.text_muted, .size = s});
  for (size_t l = 0; l < layout.rows.size(); ++l) {
    const RouteRow& row = layout.rows[l];
    if (row.numbered)
      svg.text(x, (row.top + row.middle) / 2, fmt::format("{}", l),
               {.fill = theme.text_muted, .size = s, .anchor = Anchor::kEnd});
  }
  Path dots;
  for (const TokenColumn& c : layout.columns) {
    if (c.count > 1) continue;
    for (const RouteRow& row : layout.rows) dots.dot(c.x, row.top).dot(c.x, row.middle);
    dots.dot(c.x, layout.graph.bottom);
  }
  svg.path(dots.str(), {.fill = "none", .stroke = theme.ghost, .stroke_width = 0.17 * s, .round_ends = true});
}

void draw_output_label(Svg& svg, const RouteLayout& layout, double x, double right,
                       const std::vector<TextSpan>& spans, const Theme& theme) {
  const auto group = svg.group("output");
  const double s = layout.size, tip_y = layout.graph.top - 0.95 * s, half = 0.45 * s;
  svg.path(
      Path().move(x, tip_y).line(x + half, tip_y + 0.75 * s).line(x - half, tip_y + 0.75 * s).close().str(),
      {.fill = theme.text});
  if (spans.empty()) return;
  double width = 0.9 * s;
  std::vector<TextSpan> inverse = spans;
  for (TextSpan& span : inverse) {
    const std::string text = &span == inverse.data() ? span.text : " " + span.text;
    width += text_width(text, span.font, s);
    span.fill = theme.background;
  }
  const double left = std::clamp(x - width / 2, s, right - width), height = 1.5 * s;
  svg.rect(left, tip_y - height, width, height, {.fill = theme.text});
  svg.text(left + width / 2, tip_y - height / 2, inverse,
           {.fill = theme.background, .size = s, .anchor = Anchor::kMiddle});
}

std::string gone_dash(double size) {
  return fmt::format("{} {}", number(0.36 * size), number(0.28 * size));
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
