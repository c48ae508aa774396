// The blocks of a layer, backwards: from the gradient of what a block adds to the stream to that of the state
// it reads. All of a Linearised run's n tokens.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "attribution/backward.h"
#include "base/matrix.h"

namespace limpid {

/// Of the last state at the metric's position. [d_model]
std::vector<float> metric_gradient(const Model& model, const Trace& trace, const LogitMetric& metric);

/// The gradient of a block's output before the norm behind it and the residual multiplier, from that of
/// what is added. scale: of the norm, a factor for each row; empty without it. [n, d_model]
Matrix pull_back_added(const Linearised& run, const std::optional<Norm>& post_norm,
                       std::span<const float> scale, ConstMatrixView added);

/// added: [n, d_model]. Returns the gradient of the FFN's input state, [n, d_model].
Matrix pull_back_ffn(const Linearised& run, int l, ConstMatrixView added);

/// added: [n, d_model]. Returns that of the heads' outputs, [n, d_query].
Matrix pull_back_output(const Linearised& run, int l, ConstMatrixView added);
/// z: of the heads' outputs. Returns that of resid_pre, [n, d_model].
Matrix pull_back_attention(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z);

/// Calls f(first, m) for queries first .. first + m - 1, as many as attention is held of at a time, from the
/// last of n down, so that what is summed over queries begins with all keys.
template <class F>
void for_each_query_block(size_t n, const F& f) {
  constexpr size_t kBlock = 64;
  for (size_t b = (n + kBlock - 1) / kBlock; b-- > 0;) f(b * kBlock, std::min(kBlock, n - b * kBlock));
}

/// Some queries of one head. Rows are queries first, first + 1, ..., columns the keys up to the last of them.
struct AttentionBlock {
  size_t head = 0;
  size_t first = 0;
  ConstMatrixView a;  // attention
  // Gradients of the products q . k, with the soft cap's derivative and the scale in it; empty where
  // attention is frozen.
  ConstMatrixView scores;
};

/// Attention of one layer, and gradients of its scores from that of the heads' outputs.
class AttentionGradients {
 public:
  /// z: gradient of the heads' outputs, [n, d_query].
  AttentionGradients(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z);
  /// Calls use(block) for m queries of every head, from several threads.
  void for_each_head(size_t first, size_t m, const std::function<void(const AttentionBlock&)>& use) const;

 private:
  ConstMatrixView query(ConstMatrixView x, size_t head) const;
  ConstMatrixView shared(ConstMatrixView kv, size_t head) const;
  Matrix score_gradients(size_t head, size_t first, ConstMatrixView a) const;
  void pull_back_softmax(size_t head, size_t first, ConstMatrixView a, MatrixView scores) const;
  void apply_cap_derivative(size_t head, size_t first, MatrixView scores) const;

  const Backend& backend_;
  AttentionInputs in_;
  AttentionRule rule_;
  ConstMatrixView z_;
  std::vector<float> value_bias_;  // [d_query]; empty where it reaches every row alike
};

}  // namespace limpid
