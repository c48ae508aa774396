// Information flow routes as values: nodes, edges and what they carry.
//
//   embed@t    the token's embedding            post.l@t   residual stream after layer l
//   mid.l@t    residual stream after attention  ffn.l@t    the feed-forward block
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

namespace limpid {

enum class NodeKind { kEmbed, kMid, kFfn, kPost };

struct Node {
  NodeKind kind = NodeKind::kEmbed;
  int layer = 0;     // 0 for kEmbed
  int position = 0;  // token index

  auto operator<=>(const Node&) const = default;
};

/// "embed@3", "mid.5@3", "ffn.5@3", "post.5@3".
std::string to_string(const Node& node);
/// "embed", "mid", "ffn", "post".
const char* name(NodeKind kind);

enum class EdgeKind {
  kAttention,  // post.(l-1)@k (or embed@k) -> mid.l@q
  kResidual,   // post.(l-1)@q (or embed@q) -> mid.l@q, and mid.l@q -> post.l@q
  kFfnIn,      // mid.l@q -> ffn.l@q (parallel blocks: from the state below); carries the FFN's weight
  kFfnOut,     // ffn.l@q -> post.l@q
};
const char* name(EdgeKind kind);

struct RouteOptions {
  int position = 0;         // the route starts at post.(n_layer-1)@position
  float threshold = 0.04f;  // in [0, 1]; comparisons are strict: a part equal to it is dropped
  /// On: parts (per key and head, residual, FFN) at or below the threshold are dropped, the rest divided by
  /// what is left, then heads are summed per edge. Off: heads are summed first; edges between the same two
  /// nodes (self-attention and residual) count together and are kept, with their weights, when above.
  bool renormalize = true;
};

struct EdgeHead {
  int head = 0;
  float weight = 0;
};

struct Edge {
  Node from;
  Node to;
  EdgeKind kind = EdgeKind::kResidual;
  float weight = 0;                  // share of the target node
  std::vector<EdgeHead> heads = {};  // kAttention only, ascending head; weights sum to `weight`
  float flow = 0;                    // share of the start node's flow that passes here; see Route
};

struct RouteNode {
  Node node;
  /// Flow: 1 at the start; every node hands its flow down its kept edges in proportion to their weights.
  /// A walk over shares, not a causal effect.
  float flow = 0;
  /// All parts are at or below the threshold: the route ends here though the node has inputs.
  bool diffuse = false;
  /// No part points towards the state; its shares are all 0.
  bool degenerate = false;
  /// Share of the node's input that the threshold dropped, 0 to 1 (0 for embeddings and FFN nodes).
  float dropped = 0;
  /// Share of the node's input that a run with interventions put in: no edge carries it. 0 to 1.
  float patched = 0;
  /// The strongest single part: a threshold below it would keep the node open. 0 for embeddings, FFN nodes.
  float strongest = 0;
};

struct Route {
  RouteOptions options;
  std::vector<RouteNode>
      nodes;  // from the start node downwards: layer descending, post, ffn, mid; then embed
  /// Grouped by target in the order of nodes; within a target attention by ascending key, or ffn_out, and the
  /// residual last, so that edges between the same two nodes are neighbours.
  std::vector<Edge> edges;
};

/// Number of edges when edges between the same two nodes count once, as the published tool counts.
size_t n_merged_edges(const Route& route);

}  // namespace limpid
