// Properties of routes over random shares, and agreement with a slow reading of the definition.
#include <cmath>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "graph/route.h"
#include "graph/table_shares.h"

namespace limpid {
namespace {

struct Random {
  std::mt19937 bits;
  // In [0, 1), the same on every platform.
  double uniform() { return static_cast<double>(bits() >> 8) / (1 << 24); }
  int below(int n) { return static_cast<int>(uniform() * n); }
};

// Parts of very different sizes that sum to 1; about a fifth are 0, and now and then all of them.
std::vector<float> random_parts(Random& random, size_t count) {
  std::vector<double> parts(count);
  const double zero_chance = random.uniform() < 0.03 ? 1 : 0.2;
  double sum = 0;
  for (double& part : parts) {
    part = random.uniform() < zero_chance ? 0 : std::pow(random.uniform(), 4);
    sum += part;
  }
  std::vector<float> shares(count);
  for (size_t i = 0; sum > 0 && i < count; ++i) shares[i] = static_cast<float>(parts[i] / sum);
  return shares;
}

ShareTable random_table(unsigned seed) {
  Random random{std::mt19937(seed)};
  ShareTable table{.n_layer = 1 + random.below(5), .n_tok = 1 + random.below(8)};
  table.ffn_reads_state_below = random.below(2) == 1;
  const auto n_head = static_cast<size_t>(1 + random.below(4));
  for (int layer = 0; layer < table.n_layer; ++layer) {
    for (int query = 0; query < table.n_tok; ++query) {
      const auto parts = random_parts(random, static_cast<size_t>(query + 1) * n_head + 1);
      AttentionRow row{.layer = layer, .query = query, .residual = parts.back()};
      for (int key = 0; key <= query; ++key) {
        const auto first = parts.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(key) * n_head);
        row.keys.push_back({key, {first, first + static_cast<std::ptrdiff_t>(n_head)}});
      }
      table.attention.push_back(row);
      const auto ffn = random_parts(random, 2);
      table.ffn.push_back({layer, query, ffn[0], ffn[1]});
    }
  }
  return table;
}

// The definition, read from one node at a time: edges as {from, to, kind} -> weight.
using EdgeKey = std::tuple<Node, Node, EdgeKind>;

class SlowRoute {
 public:
  SlowRoute(const TableShares& shares, const RouteOptions& options) : shares_(shares), options_(options) {
    visit({NodeKind::kPost, shares.n_layer() - 1, options.position});
  }

  const std::set<Node>& nodes() const { return nodes_; }
  const std::map<EdgeKey, double>& edges() const { return edges_; }

 private:
  struct Part {
    Node from;
    EdgeKind kind;
    float importance;
  };

  std::vector<Part> parts_of(const Node& node) const {
    std::vector<Part> parts;
    const Node below = state_below(node.layer, node.position);
    const Node mid{NodeKind::kMid, node.layer, node.position};
    if (node.kind == NodeKind::kPost) {
      const FfnShares ffn = shares_.all_ffn().at({node.layer, node.position});
      parts.push_back({{NodeKind::kFfn, node.layer, node.position}, EdgeKind::kFfnOut, ffn.ffn});
      parts.push_back({mid, EdgeKind::kResidual, ffn.residual});
    } else if (node.kind == NodeKind::kMid) {
      const AttentionShares& attention = shares_.all_attention().at({node.layer, node.position});
      for (const KeyShare& pair : attention.keys) {
        for (const HeadShare& head : pair.heads) {
          parts.push_back({state_below(node.layer, pair.key), EdgeKind::kAttention, head.importance});
        }
      }
      parts.push_back({below, EdgeKind::kResidual, attention.residual});
    }
    return parts;
  }

  bool keeps(const std::vector<Part>& parts, const Part& part) const {
    if (options_.renormalize) return part.importance > options_.threshold;
    float group = 0;
    for (const Part& other : parts) {
      if (other.from == part.from) group += other.importance;
    }
    return part.importance > 0 && group > options_.threshold;
  }

  void visit(const Node& node) {
    if (!nodes_.insert(node).second) return;
    const std::vector<Part> parts = parts_of(node);
    std::map<EdgeKey, double> edges;
    double sum = 0;
    for (const Part& part : parts) {
      if (!keeps(parts, part)) continue;
      edges[{part.from, node, part.kind}] += part.importance;
      sum += part.importance;
    }
    for (const auto& [key, weight] : edges) {
      const Node& from = std::get<0>(key);
      edges_[key] = options_.renormalize ? weight / sum : weight;
      if (from.kind == NodeKind::kFfn) {
        const Node mid{NodeKind::kMid, from.layer, from.position};
        const Node input = shares_.ffn_reads_state_below() ? state_below(from.layer, from.position) : mid;
        edges_[{input, from, EdgeKind::kFfnIn}] = edges_[key];
        nodes_.insert(from);
        visit(input);
      } else {
        visit(from);
      }
    }
  }

  const TableShares& shares_;
  RouteOptions options_;
  std::set<Node> nodes_;
  std::map<EdgeKey, double> edges_;
};

struct Sample {
  Route route;
  TableShares shares;
  std::string what;
};

// Every table with every threshold, in both modes.
std::vector<Sample> make_samples() {
  std::vector<Sample> all;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const ShareTable table = random_table(seed);
    for (float threshold : {0.0f, 0.01f, 0.04f, 0.1f, 0.2f, 0.5f, 1.0f}) {
      for (bool renormalize : {true, false}) {
        TableShares shares(table);
        auto route = extract_route(shares, {table.n_tok - 1, threshold, renormalize});
        std::string what = "seed " + std::to_string(seed) + " threshold " + std::to_string(threshold) +
                           (renormalize ? " renormalized" : " as is");
        EXPECT_TRUE(route) << what;
        if (route) all.push_back({*std::move(route), std::move(shares), std::move(what)});
      }
    }
  }
  return all;
}

const std::vector<Sample>& samples() {
  static const std::vector<Sample> kAll = make_samples();
  return kAll;
}

TEST(RandomRoute, AgreesWithTheSlowReading) {
  size_t n_edges = 0;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.what);
    const SlowRoute slow(sample.shares, sample.route.options);
    std::set<Node> nodes;
    for (const RouteNode& node : sample.route.nodes) EXPECT_TRUE(nodes.insert(node.node).second);
    EXPECT_EQ(nodes, slow.nodes());
    std::set<std::pair<Node, Node>> merged;
    ASSERT_EQ(sample.route.edges.size(), slow.edges().size());
    for (const Edge& edge : sample.route.edges) {
      const auto found = slow.edges().find({edge.from, edge.to, edge.kind});
      ASSERT_NE(found, slow.edges().end()) << to_string(edge.from) << " -> " << to_string(edge.to);
      EXPECT_NEAR(edge.weight, found->second, 1e-6);
      merged.insert({edge.from, edge.to});
      ++n_edges;
    }
    EXPECT_EQ(n_merged_edges(sample.route), merged.size());
  }
  EXPECT_GT(n_edges, 10000u);  // the samples are not trivial
}

TEST(RandomRoute, ReachesEveryNodeFromAbove) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.what);
    std::set<Node> reached{sample.route.nodes.front().node};
    auto edge = sample.route.edges.begin();
    for (const RouteNode& node : sample.route.nodes) {
      EXPECT_TRUE(reached.contains(node.node)) << to_string(node.node);
      for (; edge != sample.route.edges.end() && edge->to == node.node; ++edge) {
        reached.insert(edge->from);
        EXPECT_LE(edge->from.position, edge->to.position);
      }
    }
    EXPECT_EQ(edge, sample.route.edges.end());
    EXPECT_EQ(reached.size(), sample.route.nodes.size());
  }
}

TEST(RandomRoute, KeptWeightsSumToOneWhenRenormalized) {
  for (const Sample& sample : samples()) {
    if (!sample.route.options.renormalize) continue;
    SCOPED_TRACE(sample.what);
    std::map<Node, double> sums;
    for (const Edge& edge : sample.route.edges) {
      if (edge.kind != EdgeKind::kFfnIn) sums[edge.to] += edge.weight;
    }
    for (const auto& [node, sum] : sums) EXPECT_NEAR(sum, 1, 1e-6) << to_string(node);
  }
}

TEST(RandomRoute, KeptAndDroppedSumToOneAsIs) {
  for (const Sample& sample : samples()) {
    if (sample.route.options.renormalize) continue;
    SCOPED_TRACE(sample.what);
    std::map<Node, double> kept;
    for (const Edge& edge : sample.route.edges) kept[edge.to] += edge.weight;
    for (const RouteNode& node : sample.route.nodes) {
      const bool shared = node.node.kind == NodeKind::kMid || node.node.kind == NodeKind::kPost;
      if (!shared || node.degenerate) {
        EXPECT_EQ(node.dropped, 0) << to_string(node.node);
      } else {
        EXPECT_NEAR(kept[node.node] + node.dropped, 1, 2e-6) << to_string(node.node);
      }
    }
  }
}

TEST(RandomRoute, HeadsSumToTheirEdge) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.what);
    for (const Edge& edge : sample.route.edges) {
      EXPECT_EQ(edge.heads.empty(), edge.kind != EdgeKind::kAttention);
      double sum = 0;
      int last = -1;
      for (const EdgeHead& head : edge.heads) {
        sum += head.weight;
        EXPECT_GT(head.head, last);
        last = head.head;
      }
      EXPECT_NEAR(sum, edge.heads.empty() ? 0 : edge.weight, 1e-6);
    }
  }
}

TEST(RandomRoute, FlowIsConserved) {
  size_t n_ended = 0;
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.what);
    EXPECT_EQ(sample.route.nodes.front().flow, 1);
    std::map<Node, double> in, out;  // into: from the edges above; out of: to the edges below
    for (const Edge& edge : sample.route.edges) {
      in[edge.from] += edge.flow;
      out[edge.to] += edge.flow;
    }
    double last = 0;
    for (const RouteNode& node : sample.route.nodes) {
      const bool is_last = !out.contains(node.node);
      EXPECT_EQ(is_last, node.diffuse || node.degenerate || node.node.kind == NodeKind::kEmbed);
      if (is_last) last += node.flow;
      if (is_last) n_ended += node.diffuse || node.degenerate;
      const bool is_start = &node == &sample.route.nodes.front();
      EXPECT_NEAR(is_start ? 1 : in[node.node], node.flow, 1e-5) << to_string(node.node);
      EXPECT_NEAR(is_last ? node.flow : out[node.node], node.flow, 1e-5) << to_string(node.node);
    }
    EXPECT_NEAR(last, 1, 1e-5);
  }
  EXPECT_GT(n_ended, 100u);  // routes that end early are among the samples
}

TEST(RandomRoute, DiffuseMeansNoPartIsAboveTheThreshold) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.what);
    for (const RouteNode& node : sample.route.nodes) {
      EXPECT_FALSE(node.diffuse && node.degenerate);
      if (node.degenerate) {
        EXPECT_EQ(node.strongest, 0);
      }
      if (node.diffuse) {
        EXPECT_GT(node.strongest, 0);
        EXPECT_LE(node.strongest, sample.route.options.threshold);
      }
    }
  }
}

TEST(RandomRoute, AHigherThresholdNeverAddsNodesAsIs) {
  const Sample* previous = nullptr;
  size_t n_compared = 0;
  for (const Sample& sample : samples()) {
    if (sample.route.options.renormalize) continue;
    if (previous && previous->route.options.threshold < sample.route.options.threshold) {
      SCOPED_TRACE(sample.what);
      std::set<Node> wider;
      for (const RouteNode& node : previous->route.nodes) wider.insert(node.node);
      for (const RouteNode& node : sample.route.nodes) EXPECT_TRUE(wider.contains(node.node));
      ++n_compared;
    }
    previous = &sample;
  }
  EXPECT_EQ(n_compared, 60u * 6);
}

TEST(RandomRoute, HasTheSameBitsEveryTime) {
  for (const Sample& sample : samples()) {
    SCOPED_TRACE(sample.what);
    TableShares shares = sample.shares;
    const auto again = extract_route(shares, sample.route.options);
    ASSERT_TRUE(again);
    ASSERT_EQ(again->edges.size(), sample.route.edges.size());
    for (size_t i = 0; i < again->edges.size(); ++i) {
      EXPECT_EQ(again->edges[i].from, sample.route.edges[i].from);
      EXPECT_EQ(again->edges[i].weight, sample.route.edges[i].weight);
      EXPECT_EQ(again->edges[i].flow, sample.route.edges[i].flow);
    }
  }
}

}  // namespace
}  // namespace limpid
