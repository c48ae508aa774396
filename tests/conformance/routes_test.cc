// Routes of the tiny models, node for node and edge for edge, against the oracle's.
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <tuple>

#include "golden.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

struct Numbers {
  double weight, flow;
  std::map<int, double> heads;  // those above 0
};
using Edges = std::map<std::tuple<std::string, std::string, std::string>, Numbers>;

Edges edges_of(const Json& golden) {
  Edges edges;
  for (const Json& e : golden) {
    Numbers numbers{e["weight"], e["flow"], {}};
    for (const Json& head : e.value("heads", Json::array())) numbers.heads[head[0]] = head[1];
    edges[{e["from"], e["to"], e["kind"]}] = numbers;
  }
  return edges;
}

Edges edges_of(const Route& route) {
  Edges edges;
  for (const Edge& e : route.edges) {
    Numbers numbers{static_cast<double>(e.weight), static_cast<double>(e.flow), {}};
    for (const EdgeHead& head : e.heads) {
      if (head.weight > 0) numbers.heads[head.head] = static_cast<double>(head.weight);
    }
    edges[{to_string(e.from), to_string(e.to), name(e.kind)}] = numbers;
  }
  return edges;
}

void expect_same(const Edges& found, const Edges& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [key, numbers] : expected) {
    const auto edge = found.find(key);
    ASSERT_NE(edge, found.end()) << std::get<0>(key) << " -> " << std::get<1>(key);
    EXPECT_NEAR(edge->second.weight, numbers.weight, 2e-4);
    EXPECT_NEAR(edge->second.flow, numbers.flow, 2e-4);
    for (const auto& [head, weight] : numbers.heads) {
      ASSERT_TRUE(edge->second.heads.contains(head));
      EXPECT_NEAR(edge->second.heads.at(head), weight, 2e-4);
    }
  }
}

void expect_same(const std::vector<RouteNode>& found, const Json& expected) {
  ASSERT_EQ(found.size(), expected.size());
  std::map<std::string, const RouteNode*> by_name;
  for (const RouteNode& n : found) by_name[to_string(n.node)] = &n;
  for (const Json& e : expected) {
    const std::string id = e["id"];
    ASSERT_TRUE(by_name.contains(id)) << id;
    const RouteNode& n = *by_name.at(id);
    EXPECT_NEAR(static_cast<double>(n.flow), e["flow"].get<double>(), 2e-4) << id;
    EXPECT_NEAR(static_cast<double>(n.dropped), e["dropped"].get<double>(), 2e-4) << id;
    EXPECT_NEAR(static_cast<double>(n.strongest), e["strongest"].get<double>(), 2e-4) << id;
    EXPECT_EQ(n.diffuse, e["diffuse"].get<bool>()) << id;
    EXPECT_EQ(n.degenerate, e["degenerate"].get<bool>()) << id;
  }
}

TEST(Routes, AgreeWithTheOracle) {
  size_t n_route = 0;
  for (const golden::Case& c : golden::all_cases()) {
    const auto path = c.tensors.parent_path() / (c.tensors.stem().string() + ".routes.json");
    if (!std::filesystem::exists(path)) continue;  // quantised forms have tensors only
    const Json golden = Json::parse(std::ifstream(path));
    const Session session = golden::open(c.model);
    for (const Json& expected : golden["routes"]) {
      SCOPED_TRACE(fmt::format("{} token {} tau {} {}", c.name, expected["token"].dump(),
                               expected["threshold"].dump(), expected["renormalize"].dump()));
      auto explanation = session.explain(
          {.prompt = {.text = {}, .ids = golden["ids"].get<std::vector<int>>()}, .token = expected["token"]});
      ASSERT_TRUE(explanation.has_value());
      const auto route =
          explanation->route({.threshold = expected["threshold"], .renormalize = expected["renormalize"]});
      ASSERT_TRUE(route.has_value());
      EXPECT_EQ(route->nodes.size(), expected["n_node"]);
      EXPECT_EQ(route->edges.size(), expected["n_edge"]);
      EXPECT_EQ(n_merged_edges(*route), expected["n_merged_edge"]);
      expect_same(route->nodes, expected["nodes"]);
      expect_same(edges_of(*route), edges_of(expected["edges"]));
      ++n_route;
    }
  }
  EXPECT_GT(n_route, 50u);
}

TEST(Routes, MovingTheThresholdComputesNothingAboveTheFloor) {
  const Session session = golden::open(golden::testdata() / "models" / "llama-tied");
  auto explanation = session.explain({.prompt = {.text = {}, .ids = {4, 90, 17, 203, 55}}});
  ASSERT_TRUE(explanation.has_value());
  ASSERT_TRUE(explanation->route({.threshold = 0.006f}).has_value());
  const size_t computed = explanation->n_computed();
  EXPECT_GT(computed, 0u);
  for (const float threshold : {0.01f, 0.04f, 0.2f}) {
    ASSERT_TRUE(explanation->route({.threshold = threshold}).has_value());
    EXPECT_EQ(explanation->n_computed(), computed) << threshold;
  }
  // Below the floor rows are computed again, exactly: the same route as an explanation that starts there.
  const auto low = explanation->route({.threshold = 0.0f});
  auto fresh = session.explain({.prompt = {.text = {}, .ids = {4, 90, 17, 203, 55}}});
  const auto reference = fresh->route({.threshold = 0.0f});
  EXPECT_GT(explanation->n_computed(), computed);
  EXPECT_EQ(low->edges.size(), reference->edges.size());
}

}  // namespace
}  // namespace limpid
