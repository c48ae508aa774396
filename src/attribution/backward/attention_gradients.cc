#include <cmath>
#include <numeric>

#include "attribution/backward/blocks.h"

namespace limpid {

AttentionGradients::AttentionGradients(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z)
    : backend_(run.model().backend()), in_(run.attention_inputs(l)), rule_(rule), z_(z) {
  // Where rows of attention sum to 1, the bias reaches each of them in full and moves no score.
  if (!in_.sinks.empty()) value_bias_ = run.layer(l).value_bias(run.spec());
}

void AttentionGradients::for_each_head(size_t first, size_t m,
                                       const std::function<void(const AttentionBlock&)>& use) const {
  std::vector<int> queries(m);
  std::iota(queries.begin(), queries.end(), static_cast<int>(first));
#pragma omp parallel for schedule(dynamic) num_threads(threads())
  for (size_t head = 0; head < in_.n_head; ++head) {
    Matrix a(m, first + m), scores;
    backend_.attention_rows(in_, head, queries, a.view());
    if (rule_ == AttentionRule::kDifferentiated) scores = score_gradients(head, first, a.view());
    use({head, first, a.view(), scores.view()});
  }
}

/// Columns of a query head.
ConstMatrixView AttentionGradients::query(ConstMatrixView x, size_t head) const {
  return x.columns(head * in_.d_head, in_.d_head);
}

/// Columns of the key/value head that it reads.
ConstMatrixView AttentionGradients::shared(ConstMatrixView kv, size_t head) const {
  return kv.columns(head / (in_.n_head / in_.n_kv_head) * in_.d_head, in_.d_head);
}

/// Gradients of the products q . k. [m, n_key]
Matrix AttentionGradients::score_gradients(size_t head, size_t first, ConstMatrixView a) const {
  Matrix scores(a.rows, a.cols);
  const ConstMatrixView z = query(z_, head).slice_rows(first, a.rows);
  backend_.gemm(z, shared(in_.v, head).slice_rows(0, a.cols), true, scores.view());
  if (!value_bias_.empty()) {
    const auto bias = std::span(value_bias_).subspan(head * in_.d_head, in_.d_head);
    for (size_t r = 0; r < a.rows; ++r) {
      const float all = std::inner_product(bias.begin(), bias.end(), z.row(r).begin(), 0.0f);
      for (float& s : scores.row(r)) s += all;
    }
  }
  pull_back_softmax(head, first, a, scores.view());
  return scores;
}

/// From the gradient of attention, in `scores`, to that of the products q . k, in place.
void AttentionGradients::pull_back_softmax(size_t head, size_t first, ConstMatrixView a,
                                           MatrixView scores) const {
  for (size_t r = 0; r < a.rows; ++r) {
    const float* const p = a.row(r).data();
    float* const s = scores.row(r).data();
    double mean = 0;
    for (size_t key = 0; key < a.cols; ++key)
      mean += static_cast<double>(p[key]) * static_cast<double>(s[key]);
    const auto centre = static_cast<float>(mean);
    for (size_t key = 0; key < a.cols; ++key) s[key] = in_.scale * p[key] * (s[key] - centre);
  }
  if (in_.softcap > 0) apply_cap_derivative(head, first, scores);
}

void AttentionGradients::apply_cap_derivative(size_t head, size_t first, MatrixView scores) const {
  Matrix products(scores.rows, scores.cols);
  backend_.gemm(query(in_.q, head).slice_rows(first, scores.rows),
                shared(in_.k, head).slice_rows(0, scores.cols), true, products.view());
  for (size_t r = 0; r < scores.rows; ++r) {
    for (size_t key = 0; key < scores.cols; ++key) {
      const float tanh = std::tanh(in_.scale * products.row(r)[key] / in_.softcap);
      scores.at(r, key) *= 1 - tanh * tanh;
    }
  }
}

}  // namespace limpid
