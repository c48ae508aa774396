// Names for the strongest lines of a route figure, where there is room for them.
#pragma once

#include <vector>

#include "figures/route_layout.h"

namespace limpid {

/// In each layer the strongest attention between tokens: its text and heads, beside its line and over no
/// other mark. Shorter, or not at all, where there is no such place.
std::vector<EdgeLabel> place_labels(const RouteLayout& layout, const EdgeLabelling& labelling);

}  // namespace limpid
