#include "graph/compare.h"

#include <gtest/gtest.h>

#include "graph/route.h"
#include "graph/table_shares.h"

namespace limpid {
namespace {

/// Two layers, two tokens, two heads; `early` is what head 0 of the last layer reads at the first token.
ShareTable shares(float early) {
  return {.n_layer = 2,
          .n_tok = 2,
          .attention = {{1, 1, {{0, {early, 0.125f}}, {1, {0.125f, 0}}}, 0.75f - early},
                        {1, 0, {{0, {0.5f, 0.25f}}}, 0.25f},
                        {0, 1, {{0, {0.125f, 0.125f}}, {1, {0, 0}}}, 0.75f},
                        {0, 0, {{0, {0.5f, 0}}}, 0.5f}},
          .ffn = {{1, 1, 0.25f, 0.75f}, {1, 0, 1, 0}, {0, 1, 0.75f, 0.25f}, {0, 0, 0.5f, 0.5f}}};
}

Route route(float early, float threshold = 0.05f) {
  TableShares table(shares(early));
  return extract_route(table, {.position = 1, .threshold = threshold, .renormalize = false}).value();
}

const ComparedEdge& edge(const RouteUnion& both, const Node& from, const Node& to, EdgeKind kind) {
  return *std::ranges::find_if(
      both.edges, [&](const ComparedEdge& e) { return e.from == from && e.to == to && e.kind == kind; });
}

constexpr Node kFirst = {NodeKind::kPost, 0, 0}, kMid = {NodeKind::kMid, 1, 1};

TEST(Unite, ARouteWithItselfIsTheRoute) {
  const Route a = route(0.25f);
  const RouteUnion both = unite(a, a);
  ASSERT_EQ(both.nodes.size(), a.nodes.size());
  ASSERT_EQ(both.edges.size(), a.edges.size());
  for (size_t i = 0; i < a.nodes.size(); ++i) {
    EXPECT_EQ(both.nodes[i].node, a.nodes[i].node) << i;
    EXPECT_TRUE(both.nodes[i].in_a && both.nodes[i].in_b);
    EXPECT_EQ(both.nodes[i].flow_a, a.nodes[i].flow);
    EXPECT_EQ(both.nodes[i].flow_b, a.nodes[i].flow);
  }
  for (size_t i = 0; i < a.edges.size(); ++i) {
    const ComparedEdge& e = both.edges[i];
    EXPECT_EQ(e.from, a.edges[i].from) << i;
    EXPECT_EQ(e.to, a.edges[i].to) << i;
    EXPECT_EQ(e.kind, a.edges[i].kind) << i;
    EXPECT_TRUE(e.in_a && e.in_b);
    EXPECT_EQ(e.weight_a, a.edges[i].weight);
    EXPECT_EQ(e.weight_b, a.edges[i].weight);
    EXPECT_EQ(e.shift, 0);
    ASSERT_EQ(e.heads.size(), a.edges[i].heads.size());
    for (size_t h = 0; h < e.heads.size(); ++h) {
      EXPECT_EQ(e.heads[h].head, a.edges[i].heads[h].head);
      EXPECT_EQ(e.heads[h].weight_a, a.edges[i].heads[h].weight);
      EXPECT_EQ(e.heads[h].weight_b, a.edges[i].heads[h].weight);
    }
  }
  EXPECT_TRUE(most_changed(both).empty());
}

TEST(Unite, SaysWhatChanged) {
  const RouteUnion both = unite(route(0.25f), route(0.5f));
  const ComparedEdge& e = edge(both, kFirst, kMid, EdgeKind::kAttention);
  EXPECT_TRUE(e.in_a && e.in_b);
  EXPECT_EQ(e.weight_a, 0.25f + 0.125f);
  EXPECT_EQ(e.weight_b, 0.5f + 0.125f);
  EXPECT_EQ(e.change(), 0.25f);
  ASSERT_EQ(e.heads.size(), 2);
  EXPECT_EQ(e.heads[0].weight_a, 0.25f);
  EXPECT_EQ(e.heads[0].weight_b, 0.5f);
  EXPECT_EQ(e.heads[1].weight_a, e.heads[1].weight_b);
  const auto mid = std::ranges::find(both.nodes, kMid, &ComparedNode::node);
  EXPECT_EQ(e.shift, 0.25f * std::max(mid->flow_a, mid->flow_b));
  EXPECT_EQ(most_changed(both).front(), &e);
}

TEST(Unite, WhatOneRouteLacksIsZeroThere) {
  // Nothing of 0.375 passes the higher threshold: the first token is on one route only.
  const Route a = route(0.25f), b = route(0.25f, 0.4f);
  for (const bool swapped : {false, true}) {
    const RouteUnion both = swapped ? unite(b, a) : unite(a, b);
    EXPECT_EQ(both.nodes.size(), a.nodes.size());
    EXPECT_EQ(both.edges.size(), a.edges.size());
    const ComparedEdge& e = edge(both, kFirst, kMid, EdgeKind::kAttention);
    EXPECT_EQ(e.in_a, !swapped);
    EXPECT_EQ(e.in_b, swapped);
    EXPECT_EQ(e.weight_a, swapped ? 0 : 0.375f);
    EXPECT_EQ(e.weight_b, swapped ? 0.375f : 0);
    EXPECT_EQ(e.heads[0].weight_a, swapped ? 0 : 0.25f);
    EXPECT_EQ(e.heads[0].weight_b, swapped ? 0.25f : 0);
    EXPECT_EQ(e.shift < 0, !swapped);
    const auto first = std::ranges::find(both.nodes, kFirst, &ComparedNode::node);
    EXPECT_EQ(first->in_a, !swapped);
    EXPECT_EQ(first->in_b, swapped);
    EXPECT_EQ((swapped ? first->flow_a : first->flow_b), 0);
  }
}

TEST(Unite, HeadsOfEitherAreListedOnce) {
  Route a, b;
  const Node from = {NodeKind::kEmbed, 0, 0}, to = {NodeKind::kMid, 0, 1};
  a.nodes = b.nodes = {{.node = to, .flow = 1}, {.node = from, .flow = 1}};
  a.edges = {{from, to, EdgeKind::kAttention, 0.5f, {{1, 0.25f}, {4, 0.25f}}, 0.5f}};
  b.edges = {{from, to, EdgeKind::kAttention, 0.75f, {{0, 0.25f}, {4, 0.5f}}, 0.75f}};
  const RouteUnion both = unite(a, b);
  ASSERT_EQ(both.edges.size(), 1);
  const auto& heads = both.edges[0].heads;
  ASSERT_EQ(heads.size(), 3);
  const ComparedHead expected[] = {{0, 0, 0.25f}, {1, 0.25f, 0}, {4, 0.25f, 0.5f}};
  for (size_t h = 0; h < 3; ++h) {
    EXPECT_EQ(heads[h].head, expected[h].head);
    EXPECT_EQ(heads[h].weight_a, expected[h].weight_a);
    EXPECT_EQ(heads[h].weight_b, expected[h].weight_b);
  }
}

TEST(MostChanged, ComesByHowMuchFlowItMoves) {
  RouteUnion both;
  const auto add = [&](int from, EdgeKind kind, float shift) {
    both.edges.push_back({.from = {NodeKind::kPost, 0, from}, .to = kMid, .kind = kind, .shift = shift});
  };
  add(0, EdgeKind::kAttention, 0.1f);
  add(0, EdgeKind::kAttention, -0.3f);
  add(0, EdgeKind::kResidual, 0.9f);
  add(1, EdgeKind::kAttention, 0.9f);  // to itself
  add(0, EdgeKind::kAttention, 0);
  add(0, EdgeKind::kAttention, 0.3f);
  const auto changed = most_changed(both);
  EXPECT_EQ(changed, (std::vector<const ComparedEdge*>{&both.edges[1], &both.edges[5], &both.edges[0]}));
}

}  // namespace
}  // namespace limpid
