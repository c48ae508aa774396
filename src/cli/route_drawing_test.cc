#include "cli/route_drawing.h"

#include <gtest/gtest.h>

#include "cli/route_lanes.h"

namespace limpid {
namespace {

Node embed(int position) {
  return {NodeKind::kEmbed, 0, position};
}
Node mid(int position) {
  return {NodeKind::kMid, 0, position};
}
Node post(int position) {
  return {NodeKind::kPost, 0, position};
}

std::vector<Piece> words(std::initializer_list<const char*> texts) {
  std::vector<Piece> pieces;
  for (const char* text : texts) {
    Piece& piece = pieces.emplace_back();
    piece.text = text;
  }
  return pieces;
}

/// One layer, three tokens: the last reads the first and itself.
Route sample_route() {
  Route route;
  route.options.position = 2;
  route.nodes = {{.node = post(2), .flow = 1},
                 {.node = mid(2), .flow = 1},
                 {.node = embed(0), .flow = 0.25f},
                 {.node = embed(2), .flow = 0.75f}};
  route.edges = {
      {.from = mid(2), .to = post(2), .kind = EdgeKind::kResidual, .weight = 1, .heads = {}, .flow = 1},
      {.from = embed(0),
       .to = mid(2),
       .kind = EdgeKind::kAttention,
       .weight = 0.25f,
       .heads = {{3, 0.25f}},
       .flow = 0.25f},
      {.from = embed(2),
       .to = mid(2),
       .kind = EdgeKind::kResidual,
       .weight = 0.75f,
       .heads = {},
       .flow = 0.75f}};
  return route;
}

TEST(DrawRoute, DrawsAttentionIntoTheLastToken) {
  const Terminal terminal(false, 60);
  EXPECT_EQ(draw_route(sample_route(), words({"The", " old", " man"}), terminal, {}),
            "                 ▲\n"
            "    0            │\n"
            "        ╭────────┤        The→man 0.25 h3\n"
            " embd  The      man\n"
            " from  25       75       %\n");
}

TEST(DrawRoute, WithoutRoomTheAnnotationGoesFirst) {
  const std::string narrow = draw_route(sample_route(), words({"The", " old", " man"}), {false, 14}, {});
  EXPECT_EQ(narrow.find("0.25 h3"), std::string::npos);
  EXPECT_NE(narrow.find("┤"), std::string::npos);
}

TEST(DrawRoute, WeakEdgesAreCounted) {
  const std::string text = draw_route(sample_route(), words({"a", "b", "c"}), {false, 80}, {.min_flow = 0.5});
  EXPECT_NE(text.find("1 of 3 edges"), std::string::npos);
  EXPECT_EQ(text.find("╭"), std::string::npos);
}

TEST(DrawRoute, MoreTokensThanColumnsAreFolded) {
  Route route;
  for (int t = 0; t < 30; ++t) route.nodes.push_back({.node = embed(t), .flow = 1.0f / 30});
  const std::vector<Piece> pieces(30, Piece{.id = 0, .bytes = "x", .text = "x"});
  const std::string text = draw_route(route, pieces, {false, 27}, {});
  EXPECT_NE(text.find("20 weaker columns"), std::string::npos) << text;
}

TEST(DrawRoute, EndsAreMarked) {
  Route route;
  route.options.position = 0;
  route.nodes = {{.node = post(0), .flow = 1, .diffuse = true}};
  EXPECT_NE(draw_route(route, words({"a"}), {false, 80}, {}).find("○"), std::string::npos);
}

TEST(AssignLanes, BundlesShareALaneOnlyWhenTheyDoNotTouch) {
  const auto edge = [](int from, int to) {
    return Edge{.from = embed(from),
                .to = mid(to),
                .kind = EdgeKind::kAttention,
                .weight = 0.1f,
                .heads = {},
                .flow = 0.1f};
  };
  const std::vector<Edge> edges = {edge(0, 2), edge(1, 2), edge(2, 2), edge(2, 4), edge(3, 5)};
  std::vector<const Edge*> pointers;
  for (const Edge& e : edges) pointers.push_back(&e);
  const std::vector<Lane> lanes = assign_lanes(pointers);
  ASSERT_EQ(lanes.size(), 2u);
  ASSERT_EQ(lanes[0].size(), 2u);  // 0,1 -> 2 and 3 -> 5
  EXPECT_EQ(lanes[0][0].sources.size(), 2u);
  EXPECT_EQ(lanes[0][1].target, 5);
  ASSERT_EQ(lanes[1].size(), 1u);  // 2 -> 4 touches the column of 2
  EXPECT_EQ(lanes[1][0].target, 4);
}

}  // namespace
}  // namespace limpid
