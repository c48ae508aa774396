// The parts of a state sum to it: attention parts f(q,k,h) = A v W_O, the residual and the bias part.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

#include "golden.h"

#include "attribution/attention_importance.h"
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

class Conservation : public ::testing::TestWithParam<const char*> {};

TEST_P(Conservation, AttentionPartsSumToTheState) {
  const Session session = golden::open(golden::testdata() / "models" / GetParam());
  const std::vector<int> ids = {9, 120, 33, 33, 250, 61};
  const auto trace = run(session.model(), ids);
  ASSERT_TRUE(trace.has_value());
  for (int layer = 0; layer < trace->spec.n_layer; ++layer) {
    for (int query = 0; query < static_cast<int>(ids.size()); ++query) {
      const auto sum = sum_of_parts(session.model(), *trace, layer, query);
      const auto state = trace->layer(layer).resid_mid.row(static_cast<size_t>(query));
      double largest = 0, scale = 1;
      for (size_t i = 0; i < state.size(); ++i) {
        largest = std::max(largest, std::abs(sum[i] - static_cast<double>(state[i])));
        scale = std::max(scale, std::abs(static_cast<double>(state[i])));
      }
      EXPECT_LE(largest, 1e-5 * scale) << "layer " << layer << " query " << query;
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

INSTANTIATE_TEST_SUITE_P(Models, Conservation,
                         ::testing::Values("llama-tied", "llama-untied", "llama-sharded", "gpt2"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace limpid
