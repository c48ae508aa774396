// The marks of a route figure that its legend shows too.
#pragma once

#include <string>

#include "figures/svg.h"

namespace limpid {

/// Path of an FFN's sign.
std::string diamond(double x, double y, double radius);

/// Path of a line that leaves its column and comes back, from (x, y1) by (x + bend, middle) to (x, y2).
std::string bulge(double x, double y1, double y2, double bend);

/// Around a node that lost much of its input to the threshold.
void draw_ring(Svg& svg, double x, double y, double radius, const Theme& theme, double size);

/// A node with inputs at which the route ends: hollow where none is above the threshold, crossed where none
/// points towards the state.
void draw_end(Svg& svg, double x, double y, double radius, bool degenerate, const Theme& theme, double size);

}  // namespace limpid
