#include <algorithm>
#include <cmath>
#include <numeric>

#include "forward/blocks/blocks.h"

namespace limpid {

namespace {

/// Keeps the largest n of a row of probabilities, the first ones among equals; divides them by their sum when
/// `renormalize`.
void keep_largest(std::span<float> row, size_t n, bool renormalize) {
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return row[a] > row[b]; });
  float sum = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i < n) {
      sum += row[order[i]];
    } else {
      row[order[i]] = 0;
    }
  }
  if (!renormalize || !(sum > 0)) return;
  for (float& p : row) p /= sum;
}

/// out[t] += gate * y of the rows that take part. y: one row for each entry of `tokens`.
void add_gated(ConstMatrixView y, std::span<const size_t> tokens, std::span<const float> gates,
               MatrixView out) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    for (size_t j = 0; j < y.cols; ++j) out.at(tokens[i], j) += gates[i] * y.at(i, j);
  }
}

}  // namespace

Matrix expert_gates(const Model& model, const Moe& moe, ConstMatrixView x) {
  const MoeSpec& spec = *model.spec().moe;
  Matrix gates(x.rows, moe.experts.size());
  model.backend().matmul(x, *moe.router.packed(), moe.router.bias_if_any(), gates.view());
  model.backend().softmax(gates.view());
  for (size_t t = 0; t < gates.rows(); ++t) {
    keep_largest(gates.row(t), static_cast<size_t>(spec.n_expert_used), spec.renormalize);
  }
  return gates;
}

std::vector<float> shared_expert_gates(const Model& model, const Moe& moe, ConstMatrixView x) {
  std::vector<float> gates(x.rows, 1.0f);
  if (!moe.shared_gate) return gates;
  Matrix logits(x.rows, 1);
  model.backend().matmul(x, *moe.shared_gate->packed(), moe.shared_gate->bias_if_any(), logits.view());
  for (size_t t = 0; t < gates.size(); ++t) gates[t] = 1 / (1 + std::exp(-logits.row(t)[0]));
  return gates;
}

void moe_block(const Model& model, const Moe& moe, ConstMatrixView x, MatrixView out,
               const ActivationEdit& edit) {
  const Matrix gates = expert_gates(model, moe, x);
  for (size_t t = 0; t < out.rows; ++t) std::ranges::fill(out.row(t), 0.0f);
  size_t first_neuron = 0;
  const auto run_expert = [&](const Ffn& expert, ConstMatrixView input, std::span<const size_t> tokens,
                              std::span<const float> chosen) {
    Matrix act = ffn_activations(model, expert, input), y(input.rows, out.cols);
    if (edit) edit(act.view(), first_neuron, tokens);
    ffn_output(model, expert, act.view(), y.view());
    add_gated(y.view(), tokens, chosen, out);
  };
  for (size_t e = 0; e < moe.experts.size(); ++e, first_neuron += moe.experts[e - 1].d_mlp()) {
    std::vector<size_t> tokens;
    std::vector<float> chosen;
    for (size_t t = 0; t < x.rows; ++t) {
      if (gates.row(t)[e] == 0) continue;
      tokens.push_back(t);
      chosen.push_back(gates.row(t)[e]);
    }
    if (tokens.empty()) continue;
    Matrix input(tokens.size(), x.cols);
    for (size_t i = 0; i < tokens.size(); ++i) std::ranges::copy(x.row(tokens[i]), input.row(i).begin());
    run_expert(moe.experts[e], input.view(), tokens, chosen);
  }
  if (!moe.shared) return;
  std::vector<size_t> all(x.rows);
  std::iota(all.begin(), all.end(), size_t{0});
  run_expert(*moe.shared, x, all, shared_expert_gates(model, moe, x));
}

}  // namespace limpid
