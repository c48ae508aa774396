// Which tokens of a route figure have a column of their own, and where.
#pragma once

#include <span>
#include <vector>

#include "figures/route_layout.h"

namespace limpid {

struct ColumnRoom {
  double left = 0, width = 0;  // of all columns
  double narrowest = 0;        // column
  double widest = 0;
  double fold = 0;  // width of a run of tokens folded together
};

/// `strongest`: for each position the strongest flow through any of its nodes, 0 where it is not on the
/// route. All tokens where they fit; else runs off the route are folded; else the weakest columns go too.
/// `start` always keeps its column.
std::vector<TokenColumn> place_columns(std::span<const float> strongest, int start, const ColumnRoom& room);

}  // namespace limpid
