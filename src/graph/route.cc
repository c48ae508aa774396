#include "graph/route.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "graph/flow.h"
#include "graph/threshold.h"

namespace limpid {
namespace {

// Positions of one kind of node in one layer.
class PositionSet {
 public:
  explicit PositionSet(size_t n_tok) : has_(n_tok) {}

  void add(int position) { has_[static_cast<size_t>(position)] = 1; }

  // Ascending.
  std::vector<int> positions() const {
    std::vector<int> found;
    for (size_t i = 0; i < has_.size(); ++i) {
      if (has_[i]) found.push_back(static_cast<int>(i));
    }
    return found;
  }

 private:
  std::vector<char> has_;
};

// Walks from the top layer down; a layer is finished before the one below it starts, because every edge
// leads into the same layer or the next one up.
class RouteBuilder {
 public:
  RouteBuilder(ShareSource& shares, const RouteOptions& options)
      : shares_(shares), n_tok_(static_cast<size_t>(options.position) + 1), below_(n_tok_) {
    route_.options = options;
    below_.add(options.position);
  }

  Result<Route> run() {
    for (int layer = shares_.n_layer() - 1; layer >= 0; --layer) LIMPID_CHECK_OK(add_layer(layer));
    for (int position : below_.positions()) {
      route_.nodes.push_back({.node = state_below(0, position)});
    }
    assign_flow(route_);
    return std::move(route_);
  }

 private:
  struct FfnNode {
    int position;
    float weight;
  };

  Status add_layer(int layer) {
    const std::vector<int> posts = std::exchange(below_, PositionSet(n_tok_)).positions();
    LIMPID_CHECK_OK(shares_.require_ffn(layer, posts));
    PositionSet mids(n_tok_);
    std::vector<FfnNode> ffns;
    for (int position : posts) add_post(layer, position, mids, ffns);
    for (const FfnNode& ffn : ffns) add_ffn(layer, ffn, mids);

    const std::vector<int> queries = mids.positions();
    if (queries.empty()) return {};
    LIMPID_CHECK_OK(shares_.require_attention(layer, queries, route_.options.threshold));
    for (int query : queries) add_mid(layer, query);
    return {};
  }

  void add_post(int layer, int position, PositionSet& mids, std::vector<FfnNode>& ffns) {
    const FfnShares shares = shares_.ffn(layer, position);
    const KeptFfn kept = keep_ffn(shares, route_.options);
    const Node post{NodeKind::kPost, layer, position};
    route_.nodes.push_back({.node = post,
                            .diffuse = is_diffuse(kept, shares),
                            .degenerate = shares.degenerate,
                            .dropped = kept.dropped,
                            .patched = shares.patch,
                            .strongest = std::max(shares.ffn, shares.residual)});
    if (kept.ffn > 0) {
      add_edge({NodeKind::kFfn, layer, position}, post, EdgeKind::kFfnOut, kept.ffn);
      ffns.push_back({position, kept.ffn});
    }
    if (kept.residual > 0) {
      add_edge({NodeKind::kMid, layer, position}, post, EdgeKind::kResidual, kept.residual);
      mids.add(position);
    }
  }

  void add_ffn(int layer, const FfnNode& ffn, PositionSet& mids) {
    const bool parallel = shares_.ffn_reads_state_below();
    const Node node{NodeKind::kFfn, layer, ffn.position};
    const Node input =
        parallel ? state_below(layer, ffn.position) : Node{NodeKind::kMid, layer, ffn.position};
    route_.nodes.push_back({.node = node});
    add_edge(input, node, EdgeKind::kFfnIn, ffn.weight);
    (parallel ? below_ : mids).add(ffn.position);
  }

  void add_mid(int layer, int query) {
    const AttentionShares& shares = shares_.attention(layer, query);
    KeptAttention kept = keep_attention(shares, query, route_.options);
    const Node mid{NodeKind::kMid, layer, query};
    route_.nodes.push_back({.node = mid,
                            .diffuse = is_diffuse(kept, shares),
                            .degenerate = shares.degenerate,
                            .dropped = kept.dropped,
                            .patched = shares.patch,
                            .strongest = shares.strongest});
    for (KeptKey& key : kept.keys) {
      CHECK(key.key >= 0 && key.key <= query);
      add_edge(state_below(layer, key.key), mid, EdgeKind::kAttention, key.weight, std::move(key.heads));
      below_.add(key.key);
    }
    if (kept.residual > 0) {
      add_edge(state_below(layer, query), mid, EdgeKind::kResidual, kept.residual);
      below_.add(query);
    }
  }

  /// A state that was put in ends the route too, but hides nothing.
  template <class Kept, class Shares>
  bool is_diffuse(const Kept& kept, const Shares& shares) const {
    return kept.empty() && !shares.degenerate && !(shares.patch > route_.options.threshold);
  }

  void add_edge(Node from, Node to, EdgeKind kind, float weight, std::vector<EdgeHead> heads = {}) {
    route_.edges.push_back(
        {.from = from, .to = to, .kind = kind, .weight = weight, .heads = std::move(heads)});
  }

  ShareSource& shares_;
  size_t n_tok_;       // up to the start position: nothing above it is reachable
  PositionSet below_;  // states reached that the next layer's turn will take
  Route route_;
};

}  // namespace

const char* name(EdgeKind kind) {
  switch (kind) {
    case EdgeKind::kAttention:
      return "attention";
    case EdgeKind::kResidual:
      return "residual";
    case EdgeKind::kFfnIn:
      return "ffn_in";
    case EdgeKind::kFfnOut:
      return "ffn_out";
  }
  return "";
}

Result<Route> extract_route(ShareSource& shares, const RouteOptions& options) {
  if (!(options.threshold >= 0 && options.threshold <= 1)) {
    return fail(ErrorCode::kInvalidArgument,
                "threshold: expected a number from 0 to 1, found " + std::to_string(options.threshold));
  }
  if (options.position < 0 || options.position >= shares.n_tok()) {
    return fail(ErrorCode::kInvalidArgument, "position: expected 0 to " + std::to_string(shares.n_tok() - 1) +
                                                 ", found " + std::to_string(options.position));
  }
  CHECK(shares.n_layer() > 0);
  return RouteBuilder(shares, options).run();
}

size_t n_merged_edges(const Route& route) {
  size_t count = 0;
  const Edge* previous = nullptr;
  for (const Edge& edge : route.edges) {
    // Self-attention is the last attention edge of its target and the residual follows it.
    if (!previous || edge.from != previous->from || edge.to != previous->to) ++count;
    previous = &edge;
  }
  return count;
}

}  // namespace limpid
