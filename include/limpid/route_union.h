// Two routes as one graph, in which every edge says how strong it is in either.
#pragma once

#include <optional>
#include <vector>

#include "limpid/route.h"

namespace limpid {

struct ComparedHead {
  int head = 0;
  float weight_a = 0;
  float weight_b = 0;
};

/// An edge of either route. What a route lacks is 0: it is at or below the threshold there, or leads to a
/// node that is not on that route.
struct ComparedEdge {
  Node from;
  Node to;
  EdgeKind kind = EdgeKind::kResidual;
  bool in_a = false;
  bool in_b = false;
  float weight_a = 0;
  float weight_b = 0;
  float flow_a = 0;
  float flow_b = 0;
  /// The change of weight, times the flow of `to` in the route where that is larger: how much of the
  /// prediction's flow goes another way here.
  float shift = 0;
  std::vector<ComparedHead> heads = {};  // kAttention only, ascending head

  float change() const { return weight_b - weight_a; }
};

struct ComparedNode {
  Node node;
  bool in_a = false;
  bool in_b = false;
  float flow_a = 0;
  float flow_b = 0;
  /// Of the two states, 0 (equal) to 2: the sum of |a - b| over the larger of the sums of |a| and |b|. Not of
  /// FFN nodes, which are no states.
  std::optional<double> distance = {};
};

/// Nodes and edges of two routes, each once, in the order of Route.
struct RouteUnion {
  std::vector<ComparedNode> nodes;
  std::vector<ComparedEdge> edges;
};

/// Edges of attention between tokens, by |shift|, largest first; equal ones in the order of the union. Those
/// that did not change are left out.
std::vector<const ComparedEdge*> most_changed(const RouteUnion& both);

}  // namespace limpid
