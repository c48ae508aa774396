#include "graph/route.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <sstream>

#include "graph/table_shares.h"

namespace limpid {
namespace {

// One line per node and edge, so that a table of expected routes reads like a drawing.
std::string describe(const RouteNode& node) {
  std::ostringstream line;
  line.precision(4);
  line << to_string(node.node) << " flow " << node.flow;
  if (node.diffuse) line << " diffuse";
  if (node.degenerate) line << " degenerate";
  if (node.dropped > 1e-6) line << " dropped " << node.dropped;
  return line.str();
}

std::string describe(const Edge& edge) {
  std::ostringstream line;
  line.precision(4);
  line << to_string(edge.from) << " -> " << to_string(edge.to) << " " << name(edge.kind) << " " << edge.weight
       << " flow " << edge.flow;
  for (const EdgeHead& head : edge.heads) line << " h" << head.head << ":" << head.weight;
  return line.str();
}

struct RouteCase {
  const char* what;
  ShareTable shares;
  RouteOptions options;
  std::vector<std::string> nodes;
  std::vector<std::string> edges;
  size_t n_merged_edges;
};

// Found by GoogleTest under this name. NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const RouteCase& c, std::ostream* out) {
  *out << c.what;
}

class HandMadeRoute : public testing::TestWithParam<RouteCase> {};

TEST_P(HandMadeRoute, GivesTheTable) {
  const RouteCase& c = GetParam();
  TableShares shares(c.shares);
  const auto route = extract_route(shares, c.options);
  ASSERT_TRUE(route) << route.error().message;
  std::vector<std::string> nodes, edges;
  for (const RouteNode& node : route->nodes) nodes.push_back(describe(node));
  for (const Edge& edge : route->edges) edges.push_back(describe(edge));
  EXPECT_EQ(nodes, c.nodes);
  EXPECT_EQ(edges, c.edges);
  EXPECT_EQ(n_merged_edges(*route), c.n_merged_edges);
}

// Two layers, two tokens, two heads; every share is a sum of powers of 2, so the expected text is exact.
ShareTable two_layers() {
  return {.n_layer = 2,
          .n_tok = 2,
          .attention = {{1, 1, {{0, {0.25f, 0.125f}}, {1, {0.125f, 0}}}, 0.5f},
                        {1, 0, {{0, {0.5f, 0.25f}}}, 0.25f},
                        {0, 1, {{0, {0.125f, 0.125f}}, {1, {0, 0}}}, 0.75f},
                        {0, 0, {{0, {0.5f, 0}}}, 0.5f}},
          .ffn = {{1, 1, 0.25f, 0.75f}, {1, 0, 1, 0}, {0, 1, 0.75f, 0.25f}, {0, 0, 0.5f, 0.5f}}};
}

ShareTable two_parallel_layers() {
  ShareTable table = two_layers();
  table.ffn_reads_state_below = true;
  return table;
}

ShareTable degenerate_below() {
  ShareTable table = two_layers();
  table.attention[2] = {0, 1, {{0, {0, 0}}, {1, {0, 0}}}, 0};
  table.ffn[3] = {0, 0, 0, 0};
  return table;
}

INSTANTIATE_TEST_SUITE_P(
    All, HandMadeRoute,
    testing::Values(
        RouteCase{
            "everything is above the threshold",
            two_layers(),
            {.position = 1, .threshold = 0.1f},
            {"post.1@1 flow 1", "ffn.1@1 flow 0.25", "mid.1@1 flow 1", "post.0@0 flow 0.375",
             "post.0@1 flow 0.625", "ffn.0@0 flow 0.1875", "ffn.0@1 flow 0.4688", "mid.0@0 flow 0.375",
             "mid.0@1 flow 0.625", "embed@0 flow 0.5312", "embed@1 flow 0.4688"},
            {"ffn.1@1 -> post.1@1 ffn_out 0.25 flow 0.25", "mid.1@1 -> post.1@1 residual 0.75 flow 0.75",
             "mid.1@1 -> ffn.1@1 ffn_in 0.25 flow 0.25",
             "post.0@0 -> mid.1@1 attention 0.375 flow 0.375 h0:0.25 h1:0.125",
             "post.0@1 -> mid.1@1 attention 0.125 flow 0.125 h0:0.125",
             "post.0@1 -> mid.1@1 residual 0.5 flow 0.5", "ffn.0@0 -> post.0@0 ffn_out 0.5 flow 0.1875",
             "mid.0@0 -> post.0@0 residual 0.5 flow 0.1875", "ffn.0@1 -> post.0@1 ffn_out 0.75 flow 0.4688",
             "mid.0@1 -> post.0@1 residual 0.25 flow 0.1562", "mid.0@0 -> ffn.0@0 ffn_in 0.5 flow 0.1875",
             "mid.0@1 -> ffn.0@1 ffn_in 0.75 flow 0.4688",
             "embed@0 -> mid.0@0 attention 0.5 flow 0.1875 h0:0.5",
             "embed@0 -> mid.0@0 residual 0.5 flow 0.1875",
             "embed@0 -> mid.0@1 attention 0.25 flow 0.1562 h0:0.125 h1:0.125",
             "embed@1 -> mid.0@1 residual 0.75 flow 0.4688"},
            14},
        RouteCase{
            "parts equal to the threshold are dropped and the rest divided",
            two_layers(),
            {.position = 1, .threshold = 0.25f},
            {"post.1@1 flow 1 dropped 0.25", "mid.1@1 flow 1 dropped 0.5", "post.0@1 flow 1 dropped 0.25",
             "ffn.0@1 flow 1", "mid.0@1 flow 1 dropped 0.25", "embed@1 flow 1"},
            {"mid.1@1 -> post.1@1 residual 1 flow 1", "post.0@1 -> mid.1@1 residual 1 flow 1",
             "ffn.0@1 -> post.0@1 ffn_out 1 flow 1", "mid.0@1 -> ffn.0@1 ffn_in 1 flow 1",
             "embed@1 -> mid.0@1 residual 1 flow 1"},
            5},
        RouteCase{
            "groups keep their weights; flow follows the proportions",
            two_layers(),
            {.position = 1, .threshold = 0.25f, .renormalize = false},
            {"post.1@1 flow 1 dropped 0.25", "mid.1@1 flow 1", "post.0@0 flow 0.375",
             "post.0@1 flow 0.625 dropped 0.25", "ffn.0@0 flow 0.1875", "ffn.0@1 flow 0.625",
             "mid.0@0 flow 0.375", "mid.0@1 flow 0.625 dropped 0.25", "embed@0 flow 0.375",
             "embed@1 flow 0.625"},
            {"mid.1@1 -> post.1@1 residual 0.75 flow 1",
             "post.0@0 -> mid.1@1 attention 0.375 flow 0.375 h0:0.25 h1:0.125",
             "post.0@1 -> mid.1@1 attention 0.125 flow 0.125 h0:0.125 h1:0",
             "post.0@1 -> mid.1@1 residual 0.5 flow 0.5", "ffn.0@0 -> post.0@0 ffn_out 0.5 flow 0.1875",
             "mid.0@0 -> post.0@0 residual 0.5 flow 0.1875", "ffn.0@1 -> post.0@1 ffn_out 0.75 flow 0.625",
             "mid.0@0 -> ffn.0@0 ffn_in 0.5 flow 0.1875", "mid.0@1 -> ffn.0@1 ffn_in 0.75 flow 0.625",
             "embed@0 -> mid.0@0 attention 0.5 flow 0.1875 h0:0.5 h1:0",
             "embed@0 -> mid.0@0 residual 0.5 flow 0.1875", "embed@1 -> mid.0@1 residual 0.75 flow 0.625"},
            10},
        RouteCase{
            "parallel blocks: the FFN reads the state below",
            two_parallel_layers(),
            {.position = 1, .threshold = 0.25f, .renormalize = false},
            {"post.1@1 flow 1 dropped 0.25", "mid.1@1 flow 1", "post.0@0 flow 0.375",
             "post.0@1 flow 0.625 dropped 0.25", "ffn.0@0 flow 0.1875", "ffn.0@1 flow 0.625",
             "mid.0@0 flow 0.1875", "embed@0 flow 0.375", "embed@1 flow 0.625"},
            {"mid.1@1 -> post.1@1 residual 0.75 flow 1",
             "post.0@0 -> mid.1@1 attention 0.375 flow 0.375 h0:0.25 h1:0.125",
             "post.0@1 -> mid.1@1 attention 0.125 flow 0.125 h0:0.125 h1:0",
             "post.0@1 -> mid.1@1 residual 0.5 flow 0.5", "ffn.0@0 -> post.0@0 ffn_out 0.5 flow 0.1875",
             "mid.0@0 -> post.0@0 residual 0.5 flow 0.1875", "ffn.0@1 -> post.0@1 ffn_out 0.75 flow 0.625",
             "embed@0 -> ffn.0@0 ffn_in 0.5 flow 0.1875", "embed@1 -> ffn.0@1 ffn_in 0.75 flow 0.625",
             "embed@0 -> mid.0@0 attention 0.5 flow 0.09375 h0:0.5 h1:0",
             "embed@0 -> mid.0@0 residual 0.5 flow 0.09375"},
            9},
        RouteCase{"a diffuse state ends the route and keeps the flow",
                  two_layers(),
                  {.position = 1, .threshold = 0.5f},
                  {"post.1@1 flow 1 dropped 0.25", "mid.1@1 flow 1 diffuse dropped 1"},
                  {"mid.1@1 -> post.1@1 residual 1 flow 1"},
                  1},
        RouteCase{"groups can leave nothing either",
                  two_layers(),
                  {.position = 1, .threshold = 0.625f, .renormalize = false},
                  {"post.1@1 flow 1 dropped 0.25", "mid.1@1 flow 1 diffuse dropped 1"},
                  {"mid.1@1 -> post.1@1 residual 0.75 flow 1"},
                  1},
        RouteCase{
            "degenerate states end the route",
            degenerate_below(),
            {.position = 1, .threshold = 0.1f},
            {"post.1@1 flow 1", "ffn.1@1 flow 0.25", "mid.1@1 flow 1", "post.0@0 flow 0.375 degenerate",
             "post.0@1 flow 0.625", "ffn.0@1 flow 0.4688", "mid.0@1 flow 0.625 degenerate"},
            {"ffn.1@1 -> post.1@1 ffn_out 0.25 flow 0.25", "mid.1@1 -> post.1@1 residual 0.75 flow 0.75",
             "mid.1@1 -> ffn.1@1 ffn_in 0.25 flow 0.25",
             "post.0@0 -> mid.1@1 attention 0.375 flow 0.375 h0:0.25 h1:0.125",
             "post.0@1 -> mid.1@1 attention 0.125 flow 0.125 h0:0.125",
             "post.0@1 -> mid.1@1 residual 0.5 flow 0.5", "ffn.0@1 -> post.0@1 ffn_out 0.75 flow 0.4688",
             "mid.0@1 -> post.0@1 residual 0.25 flow 0.1562", "mid.0@1 -> ffn.0@1 ffn_in 0.75 flow 0.4688"},
            8},
        RouteCase{
            "an FFN that takes everything; the state before attention is reached through it",
            two_layers(),
            {.position = 0, .threshold = 0.3f},
            {"post.1@0 flow 1", "ffn.1@0 flow 1", "mid.1@0 flow 1 dropped 0.5", "post.0@0 flow 1",
             "ffn.0@0 flow 0.5", "mid.0@0 flow 1", "embed@0 flow 1"},
            {"ffn.1@0 -> post.1@0 ffn_out 1 flow 1", "mid.1@0 -> ffn.1@0 ffn_in 1 flow 1",
             "post.0@0 -> mid.1@0 attention 1 flow 1 h0:1", "ffn.0@0 -> post.0@0 ffn_out 0.5 flow 0.5",
             "mid.0@0 -> post.0@0 residual 0.5 flow 0.5", "mid.0@0 -> ffn.0@0 ffn_in 0.5 flow 0.5",
             "embed@0 -> mid.0@0 attention 0.5 flow 0.5 h0:0.5", "embed@0 -> mid.0@0 residual 0.5 flow 0.5"},
            7},
        RouteCase{"threshold 1 ends at the start",
                  two_layers(),
                  {.position = 0, .threshold = 1},
                  {"post.1@0 flow 1 diffuse dropped 1"},
                  {},
                  0}));

TEST(Route, TellsTheStrongestPart) {
  TableShares shares(two_layers());
  const auto route = extract_route(shares, {.position = 1, .threshold = 0.5f});
  ASSERT_TRUE(route);
  EXPECT_EQ(route->nodes[0].strongest, 0.75f);
  ASSERT_TRUE(route->nodes[1].diffuse);
  EXPECT_EQ(route->nodes[1].strongest, 0.5f);
  // A threshold just below it keeps the state open.
  TableShares again(two_layers());
  const auto open = extract_route(again, {.position = 1, .threshold = std::nextafter(0.5f, 0.0f)});
  ASSERT_TRUE(open);
  EXPECT_FALSE(open->nodes[1].diffuse);
}

TEST(Route, AsksOnlyForWhatItReaches) {
  TableShares shares(two_layers());
  ASSERT_TRUE(extract_route(shares, {.position = 1, .threshold = 0.25f}));
  EXPECT_EQ(shares.required_ffn(), (std::set<TableShares::Key>{{1, 1}, {0, 1}}));
  std::set<TableShares::Key> required;
  for (const auto& [key, value] : shares.required_attention()) required.insert(key);
  EXPECT_EQ(required, (std::set<TableShares::Key>{{1, 1}, {0, 1}}));
}

TEST(Route, RefusesThresholdsOutsideZeroToOne) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (float threshold :
       {-0.01f, 1.01f, 2.0f, -kInfinity, kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
    TableShares shares(two_layers());
    const auto route = extract_route(shares, {.position = 1, .threshold = threshold});
    ASSERT_FALSE(route) << threshold;
    EXPECT_EQ(route.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(route.error().message.find("threshold: expected"), std::string::npos);
  }
}

TEST(Route, RefusesPositionsOutsideThePrompt) {
  for (int position : {-1, 2, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    TableShares shares(two_layers());
    const auto route = extract_route(shares, {.position = position});
    ASSERT_FALSE(route) << position;
    EXPECT_EQ(route.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(route.error().message, "position: expected 0 to 1, found " + std::to_string(position));
  }
}

TEST(Route, PassesOnWhatTheSourceReports) {
  TableShares shares(two_layers());
  shares.fail_at_layer = 0;
  const auto route = extract_route(shares, {.position = 1});
  ASSERT_FALSE(route);
  EXPECT_EQ(route.error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace limpid
