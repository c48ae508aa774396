#include <algorithm>
#include <fmt/format.h>
#include <set>

#include "api/session.h"

namespace limpid {

namespace {

/// From the top down: layers descending, post before mid.
struct Downwards {
  bool operator()(const Node& a, const Node& b) const {
    if (a.layer != b.layer) return a.layer > b.layer;
    if (a.kind != b.kind) return a.kind > b.kind;
    return a.position < b.position;
  }
};
using Nodes = std::set<Node, Downwards>;

/// States with parts; embeddings and FFNs have none.
void add_states(const Route& route, Nodes& nodes) {
  for (const RouteNode& node : route.nodes) {
    if (node.node.kind == NodeKind::kMid || node.node.kind == NodeKind::kPost) nodes.insert(node.node);
  }
}

NodeShares of_mid(const Node& node, const AttentionShares& shares, float floor) {
  NodeShares out{.node = node,
                 .residual = shares.residual,
                 .patch = shares.patch,
                 .bias = shares.bias,
                 .strongest = shares.strongest,
                 .degenerate = shares.degenerate};
  for (const KeyShare& key : shares.keys) {
    if (!(key.importance > floor) && key.key != node.position) continue;
    for (const HeadShare& head : key.heads) {
      if (head.importance > 0) out.parts.push_back({key.key, head.head, head.importance});
    }
  }
  return out;
}

NodeShares of_post(const Node& node, const FfnShares& shares) {
  return {.node = node,
          .ffn = shares.ffn,
          .residual = shares.residual,
          .patch = shares.patch,
          .strongest = std::max(shares.ffn, shares.residual),
          .degenerate = shares.degenerate};
}

}  // namespace

Result<SharesResult> Explanation::shares(float floor) {
  if (!(floor >= Contributions::kDefaultFloor && floor <= 1)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("floor: expected a number from {} to 1, found {}",
                                                         Contributions::kDefaultFloor, floor));
  }
  Nodes nodes;
  for (const bool renormalize : {true, false}) {
    LIMPID_TRY(const Route found, route({.threshold = floor, .renormalize = renormalize}));
    add_states(found, nodes);
  }
  const ModelSpec& spec = model_->spec();
  SharesResult result{.position = position_,
                      .floor = floor,
                      .n_layer = spec.n_layer,
                      .n_head = spec.n_head,
                      .n_tok = tokens_.size(),
                      .parallel_blocks = spec.parallel_blocks};
  for (const Node& node : nodes) {
    result.nodes.push_back(node.kind == NodeKind::kMid
                               ? of_mid(node, contributions_->attention(node.layer, node.position), floor)
                               : of_post(node, contributions_->ffn(node.layer, node.position)));
  }
  return result;
}

}  // namespace limpid
