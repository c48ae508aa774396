// What lies below a route figure: its legend, and what it leaves out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "figures/route_layout.h"
#include "figures/svg.h"

namespace limpid {

/// The least share of a node's input that is marked when the threshold dropped it.
constexpr float kMuchDropped = 0.2f;

enum class RouteMark {
  kAttention,
  kResidual,
  kFfn,
  kWidth,
  kStrength,
  kDropped,
  kDiffuse,
  kDegenerate,
  // of a comparison
  kStronger,
  kWeaker,
  kGone,
  kUnchanged,
  kLargerWidth,
};

struct RouteLegend {
  struct Item {
    RouteMark mark;
    double x, y;
  };
  std::vector<Item> items;
  std::vector<std::pair<std::string, double>> notes;  // lines and their middles
  double bottom = 0;
};

/// Those that the figure of a route has.
std::vector<RouteMark> route_marks(const RouteLayout& layout);

/// Marks one after the other, in as many lines as they need, and notes of what of `n_edge` is not drawn.
RouteLegend arrange_route_legend(const RouteLayout& layout, const std::vector<RouteMark>& marks,
                                 size_t n_edge, double width);

void draw_route_legend(Svg& svg, const RouteLegend& legend, const Theme& theme, double size);

}  // namespace limpid
