// Draws a route for a terminal: tokens as columns, layers as rows, the prediction on top.
//
//   │  residual stream          ◆  the FFN adds to it        ○  diffuse: nothing above the threshold
//   ├──┬──╯  attention: from the tokens on the left up into the token on the right
//
// Only nodes on the route have a column; columns are as wide as the terminal allows. Edges that carry less
// than `min_flow` of the prediction's flow are left out and counted.
#pragma once

#include <span>
#include <string>

#include "api/session.h"
#include "cli/terminal.h"

namespace limpid {

struct DrawingOptions {
  double min_flow = 0.01;
};

std::string draw_route(const Route& route, std::span<const Piece> tokens, const Terminal& terminal,
                       const DrawingOptions& options);

/// A token's text for narrow places: marks instead of blanks, without a leading space.
std::string short_label(const Piece& piece);

}  // namespace limpid
