#include "figures/route_layout.h"

#include <gtest/gtest.h>
#include <map>
#include <random>

#include "figures/route_columns.h"
#include "figures/test_route.h"

namespace limpid {
namespace {

struct Case {
  const char* name;
  int n_layer, n_tok;
  double density;  // of attention
  double width, min_flow;
};

const Case kCases[] = {
    {"OneToken", 1, 1, 0, 680, 0},
    {"Tiny", 3, 5, 0.5, 680, 0},
    {"Dense", 6, 14, 1, 680, 0},
    {"Paper", 30, 14, 0.1, 340, 0},
    {"Slide", 30, 14, 0.2, 1000, 0},
    {"Deep", 80, 12, 0.05, 680, 0},
    {"Long", 4, 300, 0.02, 680, 0},
    {"VeryLong", 2, 2000, 0, 340, 0},
    {"WeakLeftOut", 12, 20, 0.3, 680, 0.05},
    {"MoreEdgesThanAreDrawn", 3, 120, 1, 680, 0},
    {"Narrowest", 12, 40, 0.3, 240, 0},
};

class RouteLayoutTest : public ::testing::TestWithParam<Case> {
 protected:
  RouteLayoutTest()
      : route_(random_route(GetParam().n_layer, GetParam().n_tok, GetParam().density)),
        tokens_(numbered_tokens(GetParam().n_tok)),
        layout_(layout_route(route_, tokens_,
                             {.width = GetParam().width, .top = 100, .min_flow = GetParam().min_flow})) {}

  Route route_;
  std::vector<Piece> tokens_;
  RouteLayout layout_;
};

constexpr double kRounding = 1e-6;

TEST_P(RouteLayoutTest, ColumnsAreSideBySideAndCountEveryToken) {
  double right = layout_.graph.left;
  int position = 0;
  for (const TokenColumn& c : layout_.columns) {
    EXPECT_GE(c.x - c.width / 2, right - kRounding);
    EXPECT_EQ(c.position, position);
    EXPECT_GE(c.count, 1);
    right = c.x + c.width / 2;
    position += c.count;
  }
  EXPECT_EQ(position, GetParam().n_tok);
  EXPECT_LE(right, layout_.graph.right + kRounding);
  ASSERT_NE(layout_.column(route_.options.position), nullptr);
}

TEST_P(RouteLayoutTest, RowsLieOnEachOther) {
  ASSERT_EQ(layout_.rows.size(), static_cast<size_t>(GetParam().n_layer));
  for (size_t l = 0; l < layout_.rows.size(); ++l) {
    EXPECT_LT(layout_.rows[l].top, layout_.rows[l].middle);
    EXPECT_LT(layout_.rows[l].middle, layout_.rows[l].bottom);
    EXPECT_DOUBLE_EQ(layout_.rows[l].bottom, l > 0 ? layout_.rows[l - 1].top : layout_.graph.bottom);
  }
  EXPECT_DOUBLE_EQ(layout_.rows.back().top, layout_.graph.top);
}

TEST_P(RouteLayoutTest, LanesMeetNeitherEachOtherNorNodes) {
  std::map<std::pair<int, double>, std::vector<const PlacedEdge*>> lanes;
  for (const PlacedEdge& e : layout_.edges) {
    EXPECT_EQ(e.x1, layout_.column(e.edge->from.position)->x);
    EXPECT_EQ(e.x2, layout_.column(e.edge->to.position)->x);
    EXPECT_LT(e.y2, e.y1);
    if (e.edge->kind != EdgeKind::kAttention || e.edge->from.position == e.edge->to.position) continue;
    const RouteRow& row = layout_.rows[static_cast<size_t>(e.edge->to.layer)];
    EXPECT_GT(e.lane, row.middle);
    EXPECT_LT(e.lane, row.bottom);
    for (const PlacedEdge* other : lanes[{e.edge->to.layer, e.lane}])
      EXPECT_TRUE(e.x2 < other->x1 || other->x2 < e.x1);
    lanes[{e.edge->to.layer, e.lane}].push_back(&e);
  }
}

TEST_P(RouteLayoutTest, EverythingIsInside) {
  const Box& g = layout_.graph;
  for (const PlacedNode& n : layout_.nodes) {
    EXPECT_TRUE(n.x - n.radius > g.left && n.x + n.radius < g.right);
    EXPECT_TRUE(n.y >= g.top && n.y <= g.bottom);
  }
  const double margin = 1.2 * layout_.size;  // what lies beside the graph has a gutter at least this wide
  for (const PlacedEdge& e : layout_.edges) {
    EXPECT_GT(e.x1 - e.bend, g.left - margin);
    EXPECT_LT(e.x2 + e.bend, g.right + margin);
  }
  for (size_t i = 0; i < layout_.labels.size(); ++i) {
    const Box& box = layout_.labels[i].box;
    EXPECT_TRUE(box.left > g.left && box.right < g.right && box.top > 100 - layout_.size &&
                box.bottom <= g.bottom);
    for (size_t k = 0; k < i; ++k) EXPECT_FALSE(box.overlaps(layout_.labels[k].box));
    for (const PlacedNode& n : layout_.nodes) EXPECT_FALSE(box.overlaps({n.x, n.y, n.x + 0.1, n.y + 0.1}));
  }
  EXPECT_LT(g.bottom, layout_.axis.label_y);
  EXPECT_LT(layout_.axis.label_y, layout_.axis.index_y);
  EXPECT_LT(layout_.axis.index_y, layout_.share_top);
  EXPECT_LT(layout_.share_bottom, layout_.share_text_y);
  EXPECT_LT(layout_.share_text_y, layout_.bottom);
}

TEST_P(RouteLayoutTest, EveryEdgeIsDrawnOrCounted) {
  size_t n_into_ffn = 0;  // drawn as one with the edge out of it
  for (const Edge& e : route_.edges)
    n_into_ffn += e.kind == EdgeKind::kFfnIn && e.flow >= layout_.least_flow &&
                  layout_.column(e.to.position) != nullptr;
  EXPECT_EQ(layout_.edges.size() + n_into_ffn + layout_.n_weak + layout_.n_folded, route_.edges.size());
  EXPECT_LE(layout_.edges.size(), 4000u);
  EXPECT_GT(layout_.edges.size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Routes, RouteLayoutTest, ::testing::ValuesIn(kCases),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(PlaceColumns, FoldsWhatIsOffTheRouteAndThenTheWeakest) {
  const ColumnRoom room = {.left = 0, .width = 10, .narrowest = 1, .widest = 4, .fold = 1.5};
  const auto describe = [&](std::vector<float> strongest, int start) {
    std::string text;
    for (const TokenColumn& c : place_columns(strongest, start, room))
      text += c.count > 1 ? "+" + std::to_string(c.count) + " "
                          : std::to_string(c.position) + (c.on_route ? "! " : " ");
    return text;
  };
  EXPECT_EQ(describe({0, 0.5f, 0, 1}, 3), "0 1! 2 3! ");
  // Eleven tokens do not fit; a single one off the route is not worth a fold.
  EXPECT_EQ(describe({0, 0, 0, 0, 0.5f, 0, 0.5f, 0, 0, 0, 1}, 10), "+4 4! 5 6! +3 10! ");
  // All on the route: the weakest go until the rest fits; the start stays, though weak.
  EXPECT_EQ(describe({9, 1, 2, 9, 9, 9, 9, 9, 9, 9, 0.5f}, 10), "+3 3! 4! 5! 6! 7! 8! 9! 10! ");
}

}  // namespace
}  // namespace limpid
