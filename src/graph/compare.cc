#include "graph/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace limpid {

namespace {

/// The order of Route::nodes.
auto rank(const Node& node) {
  const int kind = node.kind == NodeKind::kPost ? 0 : node.kind == NodeKind::kFfn ? 1 : 2;
  return std::tuple(node.kind == NodeKind::kEmbed, -node.layer, kind, node.position);
}

/// The order of Route::edges: by target, the residual last.
auto rank(const Edge& edge) {
  return std::tuple(rank(edge.to), edge.kind == EdgeKind::kResidual, edge.from.position, edge.kind);
}

void add_heads(std::vector<ComparedHead>& heads, const Edge& edge, float ComparedHead::*weight) {
  for (const EdgeHead& head : edge.heads) {
    const auto at = std::ranges::lower_bound(heads, head.head, {}, &ComparedHead::head);
    if (at != heads.end() && at->head == head.head) {
      (*at).*weight = head.weight;
    } else {
      (*heads.insert(at, {.head = head.head})).*weight = head.weight;
    }
  }
}

}  // namespace

RouteUnion unite(const Route& a, const Route& b) {
  std::map<decltype(rank(Node())), ComparedNode> nodes;
  for (const RouteNode& n : a.nodes) nodes[rank(n.node)] = {.node = n.node, .in_a = true, .flow_a = n.flow};
  for (const RouteNode& n : b.nodes) {
    ComparedNode& node = nodes[rank(n.node)];
    node.node = n.node;
    node.in_b = true;
    node.flow_b = n.flow;
  }
  std::map<decltype(rank(Edge())), ComparedEdge> edges;
  const auto edge_of = [&](const Edge& e) -> ComparedEdge& {
    ComparedEdge& edge = edges[rank(e)];
    edge.from = e.from;
    edge.to = e.to;
    edge.kind = e.kind;
    return edge;
  };
  for (const Edge& e : a.edges) {
    ComparedEdge& edge = edge_of(e);
    edge.in_a = true;
    edge.weight_a = e.weight;
    edge.flow_a = e.flow;
    add_heads(edge.heads, e, &ComparedHead::weight_a);
  }
  for (const Edge& e : b.edges) {
    ComparedEdge& edge = edge_of(e);
    edge.in_b = true;
    edge.weight_b = e.weight;
    edge.flow_b = e.flow;
    add_heads(edge.heads, e, &ComparedHead::weight_b);
  }
  RouteUnion both;
  for (const auto& [key, node] : nodes) both.nodes.push_back(node);
  for (auto& [key, edge] : edges) {
    const ComparedNode& to = nodes.at(rank(edge.to));
    edge.shift = edge.change() * std::max(to.flow_a, to.flow_b);
    both.edges.push_back(std::move(edge));
  }
  return both;
}

std::vector<const ComparedEdge*> most_changed(const RouteUnion& both) {
  std::vector<const ComparedEdge*> edges;
  for (const ComparedEdge& e : both.edges) {
    if (e.kind == EdgeKind::kAttention && e.from.position != e.to.position && e.shift != 0)
      edges.push_back(&e);
  }
  std::ranges::stable_sort(edges, std::ranges::greater{},
                           [](const ComparedEdge* e) { return std::abs(e->shift); });
  return edges;
}

}  // namespace limpid
