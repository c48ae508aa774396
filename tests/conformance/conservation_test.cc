// The parts of a state sum to it: attention parts f(q,k,h) = A v W_O, the residual and the bias part.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "golden.h"

#include "attribution/attention_importance.h"
#include "attribution/neuron_importance.h"
#include "forward/recompute.h"
#include "forward/run.h"

namespace limpid {
namespace {

/// Sum of all parts of resid_mid[query] in double, from the trace's values and the backend's attention rows.
std::vector<double> sum_of_parts(const Model& model, const Trace& trace, int layer, int query) {
  const OutputProjection projection(model, layer);
  const AttentionInputs in = trace.attention_inputs(layer);
  const size_t d = trace.embed.cols(), group = in.n_head / in.n_kv_head;
  const auto resid_pre = trace.resid_pre(layer).row(static_cast<size_t>(query));
  std::vector<double> sum(resid_pre.begin(), resid_pre.end());
  const std::vector<float> scale = OutputProjection::scales(trace, layer, std::span(&query, 1));

  Matrix a(1, trace.n_tok()), mass(1, in.n_head);
  for (size_t h = 0; h < in.n_head; ++h) {
    model.backend().attention_rows(in, h, std::span(&query, 1), a.view());
    for (size_t k = 0; k <= static_cast<size_t>(query); ++k) {
      mass.row(0)[h] += a.row(0)[k];
      const auto v = in.v.columns(h / group * in.d_head, in.d_head).row(k);
      for (size_t i = 0; i < d; ++i) {
        const auto w = projection.weight.row(i).subspan(h * in.d_head, in.d_head);
        const double u = std::inner_product(v.begin(), v.end(), w.begin(), 0.0);
        sum[i] += static_cast<double>(scale[0]) * static_cast<double>(a.row(0)[k]) * u;
      }
    }
  }
  const Matrix bias = projection.bias_parts(scale, mass.view());
  for (size_t i = 0; i < d; ++i) sum[i] += static_cast<double>(bias.row(0)[i]);
  return sum;
}

void expect_state(const std::vector<double>& sum, std::span<const float> state, int layer, int position) {
  double largest = 0, scale = 1;
  for (size_t i = 0; i < state.size(); ++i) {
    largest = std::max(largest, std::abs(sum[i] - static_cast<double>(state[i])));
    scale = std::max(scale, std::abs(static_cast<double>(state[i])));
  }
  EXPECT_LE(largest, 1e-5 * scale) << "layer " << layer << " position " << position;
}

class Conservation : public ::testing::TestWithParam<std::string> {};

TEST_P(Conservation, AttentionPartsSumToTheState) {
  const Session session = golden::open(golden::testdata() / "models" / GetParam());
  const std::vector<int> ids = {9, 120, 33, 33, 250, 61};
  const auto trace = run(session.model(), ids);
  ASSERT_TRUE(trace.has_value());
  for (int layer = 0; layer < trace->spec.n_layer; ++layer) {
    for (int query = 0; query < static_cast<int>(ids.size()); ++query) {
      const auto sum = sum_of_parts(session.model(), *trace, layer, query);
      expect_state(sum, trace->layer(layer).resid_mid.row(static_cast<size_t>(query)), layer, query);
    }
  }
}

TEST_P(Conservation, SharesSumToOne) {
  const Session session = golden::open(golden::testdata() / "models" / GetParam());
  const std::vector<int> ids = {9, 120, 33, 33, 250, 61};
  const auto trace = run(session.model(), ids);
  ASSERT_TRUE(trace.has_value());
  std::vector<int> queries(ids.size());
  std::iota(queries.begin(), queries.end(), 0);
  for (int layer = 0; layer < trace->spec.n_layer; ++layer) {
    const auto shares = attention_importance(session.model(), *trace, layer, queries,
                                             OutputProjection(session.model(), layer));
    for (size_t r = 0; r < queries.size(); ++r) {
      const auto parts = shares.parts.row(r);
      const double sum = std::accumulate(parts.begin(), parts.end(), static_cast<double>(shares.residual[r]));
      EXPECT_NEAR(sum, shares.degenerate[r] ? 0.0 : 1.0, 1e-5);
      EXPECT_GE(std::ranges::min(parts), 0.0f);
    }
  }
}

/// Adds factor * gate * (sum over neurons act W_down + b_down) of one FFN, in double; `act` has the factor
/// and the gate in it, the bias has not.
void add_ffn(const Ffn& ffn, std::span<const float> act, double bias_factor,
             const std::vector<float>& post_weight, std::vector<double>& sum) {
  const Matrix w_down = ffn.down.decode();
  for (size_t i = 0; i < sum.size(); ++i) {
    const auto row = w_down.row(i);
    const double post = post_weight.empty() ? 1.0 : static_cast<double>(post_weight[i]);
    sum[i] += post * std::inner_product(act.begin(), act.end(), row.begin(), 0.0);
    if (ffn.down.has_bias()) sum[i] += post * bias_factor * static_cast<double>(ffn.down.bias()[i]);
  }
}

/// Sum of the neurons' parts, their biases and resid_mid at one position.
std::vector<double> sum_of_neurons(const Model& model, const Trace& trace, int l, int position) {
  const Layer& layer = model.layer(l);
  const auto at = static_cast<size_t>(position);
  const Matrix act = neuron_activations(model, trace, l, std::span(&position, 1));
  const auto& post_scale = trace.layer(l).ffn_post_scale;
  const double factor = static_cast<double>(trace.spec.residual_multiplier) *
                        (post_scale.empty() ? 1.0 : static_cast<double>(post_scale[at]));
  const auto post_weight = layer.ffn_post_norm ? layer.ffn_post_norm->weight : std::vector<float>();
  const auto mid = trace.layer(l).resid_mid.row(at);
  std::vector<double> sum(mid.begin(), mid.end());
  if (!layer.moe) {
    add_ffn(*layer.ffn, act.row(0), factor, post_weight, sum);
    return sum;
  }
  Matrix x(1, mid.size());
  std::ranges::copy(trace.ffn_input(l).row(at), x.row(0).begin());
  if (layer.ffn_norm) apply_norm(model, *layer.ffn_norm, x.view(), x.view());
  const Matrix gates = expert_gates(model, *layer.moe, x.view());
  size_t first = 0;
  for (size_t e = 0; e < layer.moe->experts.size(); ++e) {
    const Ffn& expert = layer.moe->experts[e];
    add_ffn(expert, act.row(0).subspan(first, expert.d_mlp()), factor * static_cast<double>(gates.row(0)[e]),
            post_weight, sum);
    first += expert.d_mlp();
  }
  if (layer.moe->shared) {
    const double gate = static_cast<double>(shared_expert_gates(model, *layer.moe, x.view())[0]);
    add_ffn(*layer.moe->shared, act.row(0).subspan(first), factor * gate, post_weight, sum);
  }
  return sum;
}

TEST_P(Conservation, NeuronsSumToTheState) {
  const Session session = golden::open(golden::testdata() / "models" / GetParam());
  const std::vector<int> ids = {9, 120, 33, 33, 250, 61};
  const auto trace = run(session.model(), ids);
  ASSERT_TRUE(trace.has_value());
  for (int layer = 0; layer < trace->spec.n_layer; ++layer) {
    for (int position = 0; position < static_cast<int>(ids.size()); ++position) {
      const auto sum = sum_of_neurons(session.model(), *trace, layer, position);
      expect_state(sum, trace->layer(layer).resid_post.row(static_cast<size_t>(position)), layer, position);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Conservation, ::testing::ValuesIn(golden::all_folders()),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace limpid
