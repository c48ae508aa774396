// The marks of a route figure that its legend shows too.
#pragma once

#include <string>
#include <vector>

#include "figures/route_layout.h"
#include "figures/svg.h"

namespace limpid {

/// Path of an FFN's sign.
std::string diamond(double x, double y, double radius);

/// Path of a line that leaves its column and comes back, from (x, y1) by (x + bend, middle) to (x, y2).
std::string bulge(double x, double y1, double y2, double bend);

/// The line of an edge.
std::string edge_line(const PlacedEdge& edge);

/// Of the FFN's sign on an edge of this weight.
double diamond_radius(double weight, const RouteLayout& layout);

/// Numbers of layers, and a dot for every state: those off the route stay visible.
void draw_layers(Svg& svg, const RouteLayout& layout, const Theme& theme);

/// A token over the column that it was predicted in, in spans that are set apart by blanks.
void draw_output_label(Svg& svg, const RouteLayout& layout, double x, double right,
                       const std::vector<TextSpan>& spans, const Theme& theme);

/// The dashes of an edge that is gone.
std::string gone_dash(double size);

/// Around a node that lost much of its input to the threshold.
void draw_ring(Svg& svg, double x, double y, double radius, const Theme& theme, double size);

/// A node with inputs at which the route ends: hollow where none is above the threshold, crossed where none
/// points towards the state.
void draw_end(Svg& svg, double x, double y, double radius, bool degenerate, const Theme& theme, double size);

}  // namespace limpid
