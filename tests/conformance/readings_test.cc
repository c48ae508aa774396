// Readings of every tiny model and of the default model: parts are what they are a part of, in the stream and
// in the vocabulary.
#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "golden.h"

#include "analyses/direct_attribution.h"
#include "analyses/part_reading.h"
#include "analyses/state_reading.h"
#include "attribution/ffn_parts.h"
#include "attribution/frozen_norm.h"
#include "attribution/neuron_importance.h"
#include "attribution/part_vectors.h"
#include "forward/run.h"

namespace limpid {
namespace {

const std::vector<int> kIds = {9, 120, 33, 33, 250, 61};
constexpr double kTolerance = 1e-4;  // relative to max(1, |logit|): float32 over some hundred parts

Trace trace_of(const Session& session, std::span<const int> ids) {
  auto trace = run(session.model(), ids);
  EXPECT_TRUE(trace.has_value());
  return *std::move(trace);
}

double sum_of(const std::vector<LogitPart>& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0.0,
                         [](double sum, const LogitPart& part) { return sum + part.logit; });
}

double largest(std::span<const float> x) {
  return std::ranges::max(x, {}, [](float v) { return std::abs(v); });
}

/// a and b agree to rounding, relative to the largest entry of b.
void expect_near(std::span<const float> a, std::span<const float> b, const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  const double allowed = 1e-5 * std::max(1.0, std::abs(largest(b)));
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], allowed) << what << ", entry " << i;
}

std::vector<float> sum_rows(const Matrix& m) {
  std::vector<float> sum(m.cols());
  for (size_t r = 0; r < m.rows(); ++r) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += m.row(r)[i];
  }
  return sum;
}

int top_of(const Matrix& logits) {
  return static_cast<int>(std::ranges::max_element(logits.row(0)) - logits.row(0).begin());
}

class Readings : public ::testing::TestWithParam<std::string> {
 protected:
  Session session_ = golden::open(golden::testdata() / "models" / GetParam());
  const Model& model_ = session_.model();
  const Trace trace_ = trace_of(session_, kIds);
};

TEST_P(Readings, DirectAttributionSumsToTheLogit) {
  for (const int position : {0, 2, static_cast<int>(kIds.size()) - 1}) {
    const std::array<int, 1> positions = {position};
    const Matrix expected = logits(model_, trace_, positions);
    const std::array<int, 3> tokens = {top_of(expected), 0, model_.spec().n_vocab - 1};
    for (const int token : tokens) {
      const auto parts = direct_attribution(model_, trace_, position, token);
      ASSERT_TRUE(parts.has_value());
      const double logit = expected.row(0)[static_cast<size_t>(token)];
      EXPECT_NEAR(sum_of(*parts), logit, kTolerance * std::max(1.0, std::abs(logit))) << position;
    }
  }
}

TEST_P(Readings, KeysSumToHeadsAndNeuronsToTheFfn) {
  const int query = 3;
  const std::array<int, 1> positions = {query};
  for (int l = 0; l < model_.spec().n_layer; ++l) {
    const OutputProjection projection(model_, l);
    const HeadOutputs whole = head_outputs(model_, trace_, l, query, projection);
    Matrix by_key(whole.heads.rows(), whole.heads.cols());
    for (int k = 0; k <= query; ++k) {
      model_.backend().add(head_outputs(model_, trace_, l, query, projection, k).heads.view(), by_key.view());
    }
    for (size_t h = 0; h < by_key.rows(); ++h) expect_near(by_key.row(h), whole.heads.row(h), "head");

    const Matrix activations = neuron_activations(model_, trace_, l, positions);
    std::vector<int> all(activations.cols());
    std::iota(all.begin(), all.end(), 0);
    std::vector<float> ffn = sum_rows(neuron_outputs(model_, l, all, activations.row(0)));
    const std::vector<float> bias = ffn_bias_part(model_, trace_, l, query);
    for (size_t i = 0; i < ffn.size(); ++i) ffn[i] += bias[i];
    expect_near(ffn, ffn_outputs(model_, trace_, l, positions).row(0), "neurons");
  }
}

TEST_P(Readings, SharesOfPartsAreThoseOfTheirVectors) {
  const int query = 4;
  const std::array<int, 1> positions = {query};
  for (int l = 0; l < model_.spec().n_layer; ++l) {
    const OutputProjection projection(model_, l);
    const AttentionImportance shares = attention_importance(model_, trace_, l, positions, projection);
    const ConstMatrixView y = trace_.layer(l).resid_mid.view().slice_rows(query, 1);
    std::vector<float> residual(1);
    model_.backend().proximity(trace_.resid_pre(l).slice_rows(query, 1), y, residual);
    Matrix proximity(query + 1, static_cast<size_t>(model_.spec().n_head));
    for (int k = 0; k <= query; ++k) {
      const Matrix parts = head_outputs(model_, trace_, l, query, projection, k).heads;
      for (size_t h = 0; h < parts.rows(); ++h) {
        model_.backend().proximity(parts.view().slice_rows(h, 1), y,
                                   proximity.row(static_cast<size_t>(k)).subspan(h, 1));
      }
    }
    const double total =
        std::accumulate(proximity.data(), proximity.data() + proximity.rows() * proximity.cols(),
                        static_cast<double>(residual[0]));
    ASSERT_GT(total, 0);
    EXPECT_NEAR(residual[0] / total, shares.residual[0], 1e-5);
    for (size_t k = 0; k < proximity.rows(); ++k) {
      for (size_t h = 0; h < proximity.cols(); ++h) {
        EXPECT_NEAR(proximity.row(k)[h] / total, shares.heads(0, k)[h], 1e-5)
            << "key " << k << ", head " << h;
      }
    }
  }
}

TEST_P(Readings, FrozenReadingsAddUpOverTheWholeVocabulary) {
  const int position = 5;
  const std::array<int, 1> positions = {position};
  const ConstMatrixView last = trace_.resid_pre(model_.spec().n_layer).slice_rows(position, 1);
  const auto n_vocab = static_cast<size_t>(model_.spec().n_vocab);
  // The embedding and what the layers add to it.
  Matrix parts(2, last.cols);
  std::ranges::copy(trace_.embed.row(position), parts.row(0).begin());
  for (size_t i = 0; i < last.cols; ++i) parts.row(1)[i] = last.at(0, i) - parts.row(0)[i];
  Matrix normed(2, last.cols), read(2, n_vocab);
  const FrozenNorm norm(model_, last.row(0));
  norm.apply(parts.view(), normed.view());
  model_.unembed_parts(normed.view(), read.view());
  const Matrix expected = logits(model_, trace_, positions);
  for (size_t id = 0; id < n_vocab; ++id) {
    double sum = static_cast<double>(read.row(0)[id]) + static_cast<double>(read.row(1)[id]) +
                 static_cast<double>(model_.unembed_bias(static_cast<int>(id)));
    const std::vector<float> direction = model_.unembed_direction(static_cast<int>(id));
    for (size_t i = 0; i < norm.bias().size(); ++i) {
      sum += static_cast<double>(norm.bias()[i]) * static_cast<double>(direction[i]);
    }
    const auto cap = static_cast<double>(model_.spec().logit_softcap);
    if (cap > 0) sum = cap * std::tanh(sum / cap);
    const double logit = expected.row(0)[id];
    ASSERT_NEAR(sum, logit, kTolerance * std::max(1.0, std::abs(logit))) << id;
  }
}

TEST_P(Readings, TheLastStateReadsAsThePrediction) {
  const ConstMatrixView last = trace_.resid_pre(model_.spec().n_layer);
  const auto read = read_states(model_, last, 3, kIds);
  ASSERT_TRUE(read.has_value());
  std::vector<int> all(kIds.size());
  std::iota(all.begin(), all.end(), 0);
  const Matrix expected = logits(model_, trace_, all);
  for (size_t t = 0; t < read->size(); ++t) {
    const StateReading same = read_distribution(expected.row(t), 3, kIds);
    EXPECT_EQ((*read)[t].top.front().id, same.top.front().id);
    EXPECT_EQ((*read)[t].top.front().logit, same.top.front().logit);
    EXPECT_EQ((*read)[t].entropy, same.entropy);
    EXPECT_EQ((*read)[t].chosen[1].rank, same.chosen[1].rank);
  }
}

std::vector<float> scores(const std::vector<TokenScore>& tokens) {
  std::vector<float> found;
  for (const TokenScore& token : tokens) found.push_back(token.logit);
  return found;
}

TEST_P(Readings, TogetherInspectionsSayWhatEachSaysAlone) {
  std::vector<InspectRequest> requests;
  for (const char* subject : {"embed@2", "mid.0@4", "post.1@4", "ffn.1@4", "embed@1->mid.0@4", "head.1.0@4",
                              "mid.1@4->post.1@4", "neuron.0.3@5", "post.0@2->mid.1@3", "logit@5"}) {
    for (const Normalize normalize : {Normalize::kFrozen, Normalize::kPart, Normalize::kNone}) {
      InspectRequest& request = requests.emplace_back();
      request.subject = subject;
      request.normalize = normalize;
      request.n_token = 3 + static_cast<size_t>(normalize);
    }
  }
  const auto together = session_.inspect(trace_, requests);
  ASSERT_TRUE(together.has_value());
  ASSERT_EQ(together->size(), requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    const auto alone = session_.inspect(trace_, requests[i]);
    ASSERT_TRUE(alone.has_value());
    const Inspection& one = (*together)[i];
    EXPECT_EQ(one.subject, requests[i].subject);
    EXPECT_EQ(one.kind, alone->kind);
    EXPECT_EQ(one.share, alone->share);
    EXPECT_EQ(one.adds_to_target, alone->adds_to_target);
    EXPECT_EQ(one.neurons.size(), alone->neurons.size());
    EXPECT_EQ(one.logit_parts.size(), alone->logit_parts.size());
    ASSERT_EQ(one.entropy.has_value(), alone->entropy.has_value());
    EXPECT_NEAR(one.entropy.value_or(0), alone->entropy.value_or(0), kTolerance);
    ASSERT_EQ(one.reading.has_value(), alone->reading.has_value());
    if (!one.reading) continue;
    EXPECT_EQ(one.reading->promoted.size(), requests[i].n_token);
    expect_near(scores(one.reading->promoted), scores(alone->reading->promoted), one.subject);
    expect_near(scores(one.reading->suppressed), scores(alone->reading->suppressed), one.subject);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Readings, ::testing::ValuesIn(golden::all_folders()), [](const auto& param) {
  std::string name = param.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(ReadingsOfTheDefaultModel, SumToTheTopLogit) {
  const Session session = golden::open("");
  for (const char* prompt : {"When Mary and John went to the store, John gave a drink to",
                             "The war lasted from the year 1732 to the year 17", "5 + 4 = 9, 2 + 3 ="}) {
    const auto inspection = session.inspect({.prompt = {prompt}, .subject = "logit@-1"});
    ASSERT_TRUE(inspection.has_value());
    ASSERT_EQ(inspection->logit_parts.size(), 1u + 30 * 9 + 30);
    const double logit = inspection->target->prediction.logit;
    EXPECT_NEAR(sum_of(inspection->logit_parts), logit, kTolerance * logit) << prompt;
  }
}

}  // namespace
}  // namespace limpid
