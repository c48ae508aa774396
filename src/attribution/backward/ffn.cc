#include <algorithm>
#include <vector>

#include "attribution/backward/activation.h"
#include "attribution/backward/blocks.h"
#include "attribution/backward/frozen_norms.h"
#include "attribution/gather.h"
#include "forward/recompute.h"

namespace limpid {

namespace {

/// x: normed states, g: gradient of the FFN's output; both [m, d_model]. Returns that of x.
Matrix pull_back_dense(const Model& model, const Ffn& ffn, ConstMatrixView x, ConstMatrixView g) {
  const Backend& backend = model.backend();
  Matrix hidden(x.rows, ffn.in.n_out()), act(x.rows, ffn.d_mlp()), out(x.rows, x.cols);
  backend.matmul(x, *ffn.in.packed(), ffn.in.bias_if_any(), hidden.view());
  backend.matmul(g, *ffn.down.packed_transposed(), {}, act.view());
  pull_back_activation(backend, model.spec().activation, model.spec().gated_ffn, act.view(), hidden.view());
  backend.matmul(hidden.view(), *ffn.in.packed_transposed(), {}, out.view());
  return out;
}

/// Of the rows with a gate other than 0, added to out. gates: [x.rows]
void add_gated(const Model& model, const Ffn& ffn, ConstMatrixView x, ConstMatrixView g,
               std::span<const float> gates, MatrixView out) {
  std::vector<int> tokens;
  for (size_t t = 0; t < gates.size(); ++t) {
    if (gates[t] != 0) tokens.push_back(static_cast<int>(t));
  }
  if (tokens.empty()) return;
  Matrix gated = gather_rows(g, tokens);
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (float& v : gated.row(i)) v *= gates[static_cast<size_t>(tokens[i])];
  }
  const Matrix part = pull_back_dense(model, ffn, gather_rows(x, tokens).view(), gated.view());
  for (size_t i = 0; i < tokens.size(); ++i) {
    const auto row = out.row(static_cast<size_t>(tokens[i]));
    for (size_t j = 0; j < row.size(); ++j) row[j] += part.row(i)[j];
  }
}

/// The gates are frozen.
Matrix pull_back_mixture(const Model& model, const Moe& moe, ConstMatrixView x, ConstMatrixView g) {
  Matrix out(x.rows, x.cols);
  const Matrix gates = expert_gates(model, moe, x);
  std::vector<float> of_expert(x.rows);
  for (size_t e = 0; e < moe.experts.size(); ++e) {
    for (size_t t = 0; t < x.rows; ++t) of_expert[t] = gates.row(t)[e];
    add_gated(model, moe.experts[e], x, g, of_expert, out.view());
  }
  if (moe.shared) add_gated(model, *moe.shared, x, g, shared_expert_gates(model, moe, x), out.view());
  return out;
}

}  // namespace

Matrix pull_back_added(const Linearised& run, const std::optional<Norm>& post_norm,
                       std::span<const float> scale, ConstMatrixView added) {
  Matrix out(added.rows, added.cols);
  const float multiplier = run.spec().residual_multiplier;
  for (size_t t = 0; t < added.rows; ++t) {
    const float factor = scale.empty() ? multiplier : multiplier * scale[t];
    const auto from = added.row(t), to = std::span<const float>(out.row(t));
    for (size_t i = 0; i < to.size(); ++i) {
      out.row(t)[i] = post_norm ? from[i] * factor * post_norm->weight[i] : from[i] * factor;
    }
  }
  return out;
}

Matrix pull_back_ffn(const Linearised& run, int l, ConstMatrixView added) {
  const Layer& layer = run.layer(l);
  const Model& model = run.model();
  const ConstMatrixView state = run.ffn_input(l);
  Matrix x(state.rows, state.cols);
  if (layer.ffn_norm) {
    apply_norm(model, *layer.ffn_norm, state, x.view());
  } else {
    for (size_t t = 0; t < x.rows(); ++t) std::ranges::copy(state.row(t), x.row(t).begin());
  }
  const Matrix g = pull_back_added(run, layer.ffn_post_norm, run.trace().layer(l).ffn_post_scale, added);
  Matrix out = layer.moe ? pull_back_mixture(model, *layer.moe, x.view(), g.view())
                         : pull_back_dense(model, *layer.ffn, x.view(), g.view());
  if (layer.ffn_norm)
    FrozenNorms(run.spec(), layer.ffn_norm->weight, state).pull_back(out.view(), out.view());
  return out;
}

}  // namespace limpid
