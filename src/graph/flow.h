// Flow over a route: how much of the start node's information arrives over every edge.
#pragma once

#include "graph/route.h"

namespace limpid {

/// Sets the flow of every node and edge: 1 at the first node; every node hands its flow down the edges that
/// end in it in proportion to their weights, and a node without such edges keeps it. So the flows of those
/// last nodes sum to 1. Needs the order of nodes and edges that Route describes. Summed in double, in that
/// order.
void assign_flow(Route& route);

/// What of an attention edge's flow one of its heads carries.
inline double head_flow(const Edge& edge, const EdgeHead& head) {
  if (!(edge.weight > 0)) return 0;
  return static_cast<double>(edge.flow) * static_cast<double>(head.weight) / static_cast<double>(edge.weight);
}

}  // namespace limpid
