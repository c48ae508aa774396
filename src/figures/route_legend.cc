#include "figures/route_legend.h"

#include <algorithm>
#include <fmt/format.h>

#include "figures/heading.h"
#include "figures/route_marks.h"

namespace limpid {

namespace {

const char* text_of(RouteMark mark) {
  switch (mark) {
    case RouteMark::kAttention:
      return "attention";
    case RouteMark::kResidual:
      return "residual";
    case RouteMark::kFfn:
      return "FFN";
    case RouteMark::kWidth:
      return "width: share of target";
    case RouteMark::kStrength:
      return "strength: share of prediction";
    case RouteMark::kDropped:
      return "20% or more dropped";
    case RouteMark::kDiffuse:
      return "diffuse: nothing above the threshold";
    case RouteMark::kDegenerate:
      return "no part points towards the state";
    case RouteMark::kStronger:
      return "stronger in B";
    case RouteMark::kWeaker:
      return "weaker in B";
    case RouteMark::kGone:
      return "only in A";
    case RouteMark::kUnchanged:
      return "changed by less than 0.02";
    case RouteMark::kLargerWidth:
      return "width: larger share of target";
  }
  return "";
}

/// In sizes of text, with the blank behind it.
double mark_width(RouteMark mark) {
  switch (mark) {
    case RouteMark::kAttention:
    case RouteMark::kResidual:
    case RouteMark::kStronger:
    case RouteMark::kWeaker:
    case RouteMark::kGone:
    case RouteMark::kUnchanged:
      return 2.5;
    case RouteMark::kFfn:
      return 2.1;
    case RouteMark::kWidth:
    case RouteMark::kLargerWidth:
    case RouteMark::kStrength:
      return 4.1;
    case RouteMark::kDropped:
    case RouteMark::kDiffuse:
    case RouteMark::kDegenerate:
      return 1.8;
  }
  return 0;
}

std::vector<std::string> notes_of(const RouteLayout& layout, size_t n_edge) {
  std::vector<std::string> notes;
  if (layout.n_weak > 0)
    notes.push_back(fmt::format("{} of {} edges not drawn: each under {:.2g}% of the flow.", layout.n_weak,
                                n_edge, 100 * layout.least_flow));
  if (layout.n_crowded > 0)
    notes.push_back(fmt::format("{} weaker columns are folded for want of room, with {} edges.",
                                layout.n_crowded, layout.n_folded));
  return notes;
}

void draw_mark(Svg& svg, RouteMark mark, double x, double y, const Theme& theme, double s) {
  const auto line = [&](double from, double length, std::string_view ink, double width, double opacity = 1,
                        std::string_view dash = {}) {
    svg.path(Path().move(x + from * s, y).line(x + (from + length) * s, y).str(),
             {.stroke = ink, .stroke_width = width * s, .opacity = opacity, .dash = dash});
  };
  switch (mark) {
    case RouteMark::kAttention:
      return line(0, 2, theme.attention, 0.2);
    case RouteMark::kResidual:
      return line(0, 2, theme.residual, 0.26);
    case RouteMark::kFfn:
      svg.path(bulge(x, y + 0.5 * s, y - 0.5 * s, 1.2 * s),
               {.fill = "none", .stroke = theme.ffn, .stroke_width = 0.13 * s});
      return svg.path(diamond(x + 1.2 * s, y, 0.32 * s), {.fill = theme.ffn});
    case RouteMark::kStronger:
      return line(0, 2, theme.stronger, 0.2);
    case RouteMark::kWeaker:
      return line(0, 2, theme.weaker, 0.2);
    case RouteMark::kGone:
      return line(0, 2, theme.weaker, 0.2, 1, gone_dash(s));
    case RouteMark::kUnchanged:
      return line(0, 2, theme.residual, 0.08);
    case RouteMark::kWidth:
    case RouteMark::kLargerWidth:
      for (int i = 0; i < 3; ++i) line(1.25 * i, 1, theme.residual, 0.08 + 0.11 * i);
      return;
    case RouteMark::kStrength:
      for (int i = 0; i < 3; ++i) line(1.25 * i, 1, theme.residual, 0.24, 0.32 + 0.34 * i);
      return;
    case RouteMark::kDropped:
      svg.circle(x + 0.7 * s, y, 0.2 * s, {.fill = theme.residual});
      return draw_ring(svg, x + 0.7 * s, y, 0.2 * s, theme, s);
    case RouteMark::kDiffuse:
      return draw_end(svg, x + 0.7 * s, y, 0.22 * s, false, theme, s);
    case RouteMark::kDegenerate:
      return draw_end(svg, x + 0.7 * s, y, 0.22 * s, true, theme, s);
  }
}

}  // namespace

std::vector<RouteMark> route_marks(const RouteLayout& layout) {
  std::vector<RouteMark> marks = {RouteMark::kAttention, RouteMark::kResidual, RouteMark::kFfn,
                                  RouteMark::kWidth, RouteMark::kStrength};
  const auto add = [&](RouteMark mark, auto has_it) {
    if (std::ranges::any_of(layout.nodes, [&](const PlacedNode& n) { return has_it(*n.node); }))
      marks.push_back(mark);
  };
  add(RouteMark::kDropped,
      [](const RouteNode& n) { return n.dropped >= kMuchDropped && !n.diffuse && !n.degenerate; });
  add(RouteMark::kDiffuse, [](const RouteNode& n) { return n.diffuse && !n.degenerate; });
  add(RouteMark::kDegenerate, [](const RouteNode& n) { return n.degenerate; });
  return marks;
}

RouteLegend arrange_route_legend(const RouteLayout& layout, const std::vector<RouteMark>& marks,
                                 size_t n_edge, double width) {
  const double s = layout.size, left = s, right = width - s;
  RouteLegend legend;
  double x = left, y = layout.bottom + 1.2 * s;
  for (const RouteMark mark : marks) {
    const double needed = mark_width(mark) * s + text_width(text_of(mark), Font::kText, s);
    if (x > left && x + needed > right) {
      x = left;
      y += 1.5 * s;
    }
    legend.items.push_back({mark, x, y});
    x += needed + 0.9 * s;
  }
  for (const std::string& note : notes_of(layout, n_edge)) {
    for (const std::string& line : wrap_text(note, Font::kText, s, right - left)) {
      y += 1.5 * s;
      legend.notes.emplace_back(line, y);
    }
  }
  legend.bottom = y + 0.6 * s;
  return legend;
}

void draw_route_legend(Svg& svg, const RouteLegend& legend, const Theme& theme, double size) {
  const auto group = svg.group("legend");
  for (const RouteLegend::Item& item : legend.items) {
    draw_mark(svg, item.mark, item.x, item.y, theme, size);
    svg.text(item.x + mark_width(item.mark) * size, item.y, text_of(item.mark),
             {.fill = theme.text_secondary, .size = size});
  }
  for (const auto& [line, y] : legend.notes)
    svg.text(size, y, line, {.fill = theme.text_muted, .size = size});
}

}  // namespace limpid
