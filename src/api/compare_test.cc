#include "limpid/compare.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "api/session.h"

namespace limpid {
namespace {

const Session& session() {
  static const Session opened =
      std::move(*Session::open(std::string(LIMPID_TESTDATA) + "/models/llama-tied"));
  return opened;
}

Explanation explain(std::vector<int> ids, int token = -1) {
  return std::move(*session().explain({.prompt = {.text = {}, .ids = std::move(ids)}, .token = token}));
}

Result<Comparison> compare_runs(Explanation& a, Explanation& b, float threshold = 0.1f) {
  return compare({"a", a}, {"b", b}, {.threshold = threshold, .n_predictions = 3});
}

TEST(Compare, TheUnionHasBothRoutes) {
  Explanation a = explain({3, 4, 5, 6}), b = explain({3, 9, 5, 6});
  const auto found = compare_runs(a, b);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  EXPECT_EQ(found->changed, std::vector{1});
  const RouteUnion& both = found->route;
  for (const bool of_a : {true, false}) {
    const Route route = (of_a ? a : b).route({.threshold = 0.1f}).value();
    const auto on_route = [of_a](const auto& part) { return of_a ? part.in_a : part.in_b; };
    EXPECT_EQ(std::ranges::count_if(both.nodes, on_route), static_cast<std::ptrdiff_t>(route.nodes.size()));
    EXPECT_EQ(std::ranges::count_if(both.edges, on_route), static_cast<std::ptrdiff_t>(route.edges.size()));
    for (const Edge& e : route.edges) {
      const auto at = std::ranges::find_if(both.edges, [&](const ComparedEdge& c) {
        return c.from == e.from && c.to == e.to && c.kind == e.kind;
      });
      ASSERT_NE(at, both.edges.end());
      EXPECT_EQ(of_a ? at->weight_a : at->weight_b, e.weight);
      EXPECT_EQ(of_a ? at->flow_a : at->flow_b, e.flow);
    }
  }
}

TEST(Compare, StatesDifferFromTheChangedTokenOn) {
  Explanation a = explain({3, 4, 5, 6}), b = explain({3, 9, 5, 6});
  const auto found = compare_runs(a, b, 0);
  ASSERT_TRUE(found.has_value());
  size_t n_equal = 0, n_different = 0;
  for (const ComparedNode& n : found->route.nodes) {
    SCOPED_TRACE(to_string(n.node));
    ASSERT_EQ(n.distance.has_value(), n.node.kind != NodeKind::kFfn);
    if (!n.distance) continue;
    // What is read is causal, and embeddings are their tokens' alone.
    const bool equal = n.node.kind == NodeKind::kEmbed ? n.node.position != 1 : n.node.position < 1;
    EXPECT_EQ(*n.distance == 0, equal);
    EXPECT_LE(*n.distance, 2);
    ++(equal ? n_equal : n_different);
  }
  EXPECT_GT(n_equal, 0);
  EXPECT_GT(n_different, 0);

  const ComparedNode& last = found->route.nodes.front();
  const auto state = [&](const Explanation& e) { return e.trace().layers.back().resid_post.row(3); };
  double difference = 0, size_a = 0, size_b = 0;
  for (size_t i = 0; i < state(a).size(); ++i) {
    difference += std::abs(static_cast<double>(state(a)[i]) - static_cast<double>(state(b)[i]));
    size_a += std::abs(static_cast<double>(state(a)[i]));
    size_b += std::abs(static_cast<double>(state(b)[i]));
  }
  EXPECT_DOUBLE_EQ(*last.distance, difference / std::max(size_a, size_b));
}

TEST(Compare, PredictionsAreThoseOfBothRuns) {
  Explanation a = explain({3, 4, 5, 6}), b = explain({3, 9, 5, 7});
  const auto found = compare_runs(a, b);
  ASSERT_TRUE(found.has_value());
  EXPECT_GE(found->predictions.size(), 3);
  EXPECT_LE(found->predictions.size(), 6);
  for (const bool of_a : {true, false}) {
    const auto& expected = (of_a ? a : b).predictions();
    for (const NamedPrediction& p : std::span(expected).first(3)) {
      const auto at = std::ranges::find_if(
          found->predictions, [&](const ComparedPrediction& c) { return c.a.id == p.prediction.id; });
      ASSERT_NE(at, found->predictions.end());
      EXPECT_EQ(at->b.id, p.prediction.id);
      EXPECT_EQ((of_a ? at->a : at->b).logit, p.prediction.logit);
      EXPECT_DOUBLE_EQ((of_a ? at->a : at->b).probability, p.prediction.probability);
    }
  }
  EXPECT_TRUE(std::ranges::is_sorted(found->predictions, std::ranges::greater{}, [](const auto& p) {
    return std::max(p.a.probability, p.b.probability);
  }));
}

TEST(Compare, RefusesRunsThatDoNotMatch) {
  Explanation a = explain({3, 4, 5}), longer = explain({3, 4, 5, 6}), earlier = explain({3, 4, 5}, 1);
  const auto message = [&](Explanation& b) { return compare_runs(a, b).error().message; };
  EXPECT_NE(message(longer).find("found 3 and 4; they differ from token 3 on, the end and '"),
            std::string::npos)
      << message(longer);
  EXPECT_EQ(message(earlier), "token: expected the same position in both, found 2 and 1");
  EXPECT_EQ(compare_runs(a, a, 1.5f).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace limpid
