// Scores of a target, of every tiny model: what leads out of a state adds up to the state's own score.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

#include "golden.h"

#include "analyses/target_scores.h"
#include "api/runtime.h"
#include "forward/run.h"

namespace limpid {
namespace {

const std::vector<int> kIds = {9, 120, 33, 33, 250, 61}, kOtherIds = {9, 77, 33, 140, 250, 61};
const LogitMetric kMetric = {.position = 4, .target = 7, .versus = 12};
// Of the sum of what is added up: float32 sums of some hundred products, each off by 2^-24 of its terms'
// sizes, which are larger than the scores.
constexpr double kTolerance = 1e-5;

Trace trace_of(const Session& session, const std::vector<int>& ids) {
  return run(session.model(), ids).value();
}

/// A sum of scores, and how much went into it.
struct Sum {
  double value = 0, size = 0;
  void add(float score) {
    value += static_cast<double>(score);
    size += std::abs(static_cast<double>(score));
  }
  void expect(float score, const std::string& what, double scale) const {
    EXPECT_NEAR(value, static_cast<double>(score), kTolerance * std::max(scale, size)) << what;
  }
};

/// What leads out of every state sums to its score. Of scores with floor 0.
void expect_conserved(const TargetScores& found, bool parallel) {
  const double scale = std::max(1.0, std::abs(found.value) + std::abs(found.counterfactual));
  std::vector<std::vector<Sum>> out_of(static_cast<size_t>(found.n_layer), std::vector<Sum>(found.n_tok));
  for (const TargetEdge& edge : found.attention) {
    out_of[static_cast<size_t>(edge.layer)][static_cast<size_t>(edge.key)].add(edge.score);
    Sum heads;
    for (const EdgeHead& head : edge.heads) heads.add(head.weight);
    heads.expect(edge.score, "heads", scale);
  }
  for (size_t l = 0; l < out_of.size(); ++l) {
    for (size_t t = 0; t < found.n_tok; ++t) {
      const std::string where = " in layer " + std::to_string(l) + " at " + std::to_string(t);
      Sum pre = out_of[l][t], mid, post;
      pre.add(found.pre_to_mid[l][t]);
      mid.add(found.mid_to_post[l][t]);
      (parallel ? pre : mid).add(found.ffn_in[l][t]);
      pre.expect(l == 0 ? found.embed[t] : found.post[l - 1][t], "pre" + where, scale);
      mid.expect(found.mid[l][t], "mid" + where, scale);
      post.add(found.ffn[l][t]);
      post.add(found.mid_to_post[l][t]);
      post.expect(found.post[l][t], "post" + where, scale);
    }
  }
}

class Target : public ::testing::TestWithParam<std::tuple<std::string, AttentionRule, bool>> {
 protected:
  Session session_ = golden::open(golden::testdata() / "models" / std::get<0>(GetParam()));
  const Model& model_ = session_.model();
  const Trace trace_ = trace_of(session_, kIds), other_ = trace_of(session_, kOtherIds);

  TargetScores scores() const {
    const auto& [name, rule, has_other] = GetParam();
    return target_scores(model_, trace_, has_other ? &other_ : nullptr, kMetric, {rule, 0}).value();
  }
};

TEST_P(Target, EdgesOutOfAStateSumToItsScore) {
  expect_conserved(scores(), model_.spec().parallel_blocks);
}

TEST_P(Target, NothingBehindThePositionCounts) {
  const TargetScores found = scores();
  EXPECT_NE(found.post.back()[kMetric.position], 0);
  EXPECT_EQ(found.post.back()[kMetric.position + 1], 0);
  for (const LayerScores& layer : found.heads) {
    EXPECT_TRUE(std::ranges::all_of(layer[kMetric.position + 1], [](float s) { return s == 0; }));
  }
  for (const TargetEdge& edge : found.attention) EXPECT_LE(edge.query, kMetric.position);
}

INSTANTIATE_TEST_SUITE_P(Models, Target,
                         ::testing::Combine(::testing::ValuesIn(golden::all_folders()),
                                            ::testing::Values(AttentionRule::kDifferentiated,
                                                              AttentionRule::kFrozen),
                                            ::testing::Bool()),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param);
                           std::ranges::replace(name, '-', '_');
                           name += std::get<1>(param.param) == AttentionRule::kFrozen ? "_frozen" : "";
                           return name + (std::get<2>(param.param) ? "_against" : "");
                         });

/// More tokens than attention is held of at a time.
TEST(TargetScores, OfLongPromptsAreConserved) {
  std::vector<int> ids(100), other(100);
  for (size_t t = 0; t < ids.size(); ++t) {
    ids[t] = static_cast<int>(t * 37 % 290);
    other[t] = t % 9 == 4 ? 11 : ids[t];
  }
  for (const char* name : {"llama-untied", "falcon-new"}) {
    const Session session = golden::open(golden::testdata() / "models" / name);
    const Trace trace = trace_of(session, ids), against = trace_of(session, other);
    expect_conserved(target_scores(session.model(), trace, &against, {99, 5, 7}, {.floor = 0}).value(),
                     session.model().spec().parallel_blocks);
  }
}

bool has_bias(const Model& model) {
  bool found = !model.final_norm().bias.empty() || !model.description().weights.unembed.bias.empty() ||
               model.spec().activation == Activation::kClampedSwiglu;  // which adds 1
  for (int l = 0; l < model.spec().n_layer; ++l) {
    const Layer& layer = model.layer(l);
    layer.for_each_linear([&](const Linear& linear) { found = found || linear.has_bias(); });
    for (const auto* norm : {&layer.attention_norm, &layer.ffn_norm}) {
      found = found || (*norm && !(*norm)->bias.empty());
    }
  }
  return found;
}

/// Where attention is frozen every part is linear, and without biases nothing but the embedding adds: its
/// scores are the whole of the metric.
TEST(TargetScores, OfEmbeddingsSumToTheMetricWithoutBiases) {
  int n_model = 0;
  for (const std::string& name : golden::all_folders()) {
    const Session session = golden::open(golden::testdata() / "models" / name);
    if (has_bias(session.model())) continue;
    ++n_model;
    const Trace trace = trace_of(session, kIds);
    const auto found =
        target_scores(session.model(), trace, nullptr, kMetric, {.rule = AttentionRule::kFrozen}).value();
    Sum embed;
    for (const float score : found.embed) embed.add(score);
    embed.expect(static_cast<float>(found.value), name, 1);
  }
  EXPECT_GE(n_model, 20);
}

TEST(TargetScores, RefuseWhatTheRunDoesNotHave) {
  const Session session = golden::open(golden::testdata() / "models" / "llama-tied");
  const Trace trace = trace_of(session, kIds), shorter = trace_of(session, {9, 120, 33});
  const auto error = [&](const Trace* other, const LogitMetric& metric) {
    return target_scores(session.model(), trace, other, metric).error().message;
  };
  EXPECT_EQ(error(&shorter, kMetric), "counterfactual: expected as many tokens as the prompt, 6, found 3");
  EXPECT_EQ(error(nullptr, {6, 7}), "position: expected 0 to 5, found 6");
  EXPECT_EQ(error(nullptr, {0, -1}), "target token: expected 0 to 297, found -1");
  EXPECT_EQ(error(nullptr, {0, 1, 298}), "token compared with: expected 0 to 297, found 298");
}

}  // namespace
}  // namespace limpid
