// Where everything of a route figure lies: a pure function of the route, the tokens and a width. Drawing is
// elsewhere.
//
//   column  a token, or a run of tokens that are not on the route and are folded together
//   row     a layer: after the FFN at its top, after attention below that, the layer below at its bottom
//   lane    attention between tokens runs sideways between these two, each edge at a height of its own where
//   it
//           would meet another
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "figures/token_axis.h"
#include "limpid/route.h"
#include "limpid/token.h"

namespace limpid {

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;

  double width() const { return right - left; }
  bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

struct RouteRow {
  double top = 0, middle = 0, bottom = 0;
  bool numbered = false;
};

struct PlacedNode {
  const RouteNode* node;
  double x, y, radius;
};

struct PlacedEdge {
  const Edge* edge;
  double x1, y1, x2, y2;  // source (for an FFN: what it reads) and target
  double lane = 0;        // y, of attention between tokens
  double bend = 0;  // how far the line goes aside: of an FFN to the right, of self-attention to the left, or
                    // the radius of the turns into and out of the lane
};

struct EdgeLabel {
  const Edge* edge;
  Box box;
  std::string weight, heads;
};

struct RouteLayout {
  double size = 0;   // of text
  double scale = 1;  // of nodes and bends, which shrink with the rows; times size / 11
  Box graph;
  TokenAxis axis;
  double share_top = 0, share_bottom = 0, share_text_y = 0;
  double bottom = 0;
  std::vector<TokenColumn> columns;  // left to right
  std::vector<RouteRow> rows;        // by layer
  std::vector<PlacedNode> nodes;
  std::vector<PlacedEdge> edges;  // residual, FFN (its edge out), attention; within each ascending flow
  std::vector<EdgeLabel> labels;
  float least_flow = 0;  // that an edge carries to be drawn
  size_t n_weak = 0;     // edges that carry less
  size_t n_folded = 0;   // edges that carry enough, from or to tokens that are folded for want of room
  size_t n_crowded = 0;  // such tokens

  const TokenColumn* column(int position) const;  // null where folded
};

/// What is printed on edges of attention between tokens: the text of the strongest one of each layer.
struct EdgeLabelling {
  std::function<double(const Edge&)> strength;
  double least = 0;  // strength of an edge with a label
  std::function<std::string(const Edge&)> text;
};

/// The weight of the edge that carries most of the flow.
EdgeLabelling flow_labelling();

struct RouteLayoutOptions {
  double width = 680;
  double top = 0;  // of the graph
  double min_flow = 0;
  EdgeLabelling labelling = flow_labelling();
};

RouteLayout layout_route(const Route& route, std::span<const Piece> tokens,
                         const RouteLayoutOptions& options);

/// Width and opacity of an edge's line.
double edge_width(const Edge& edge, double size);
double edge_opacity(const Edge& edge);

}  // namespace limpid
