#include <algorithm>

#include "attribution/backward/blocks.h"
#include "attribution/backward/frozen_norms.h"
#include "attribution/backward/frozen_qkv.h"
#include "forward/recompute.h"

namespace limpid {

namespace {

Matrix transposed(ConstMatrixView x) {
  Matrix out(x.cols, x.rows);
  for (size_t i = 0; i < x.rows; ++i) {
    for (size_t j = 0; j < x.cols; ++j) out.row(j)[i] = x.at(i, j);
  }
  return out;
}

/// to += x^T y, in the rows that x has columns.
void add_product(const Backend& backend, ConstMatrixView x, ConstMatrixView y, MatrixView to) {
  Matrix part(x.cols, y.cols);
  backend.gemm(transposed(x).view(), y, false, part.view());
  backend.add(part.view(), to.slice_rows(0, x.cols));
}

/// Sums of the heads that share a key/value head, in their order. from: [n, n_head * d_head], to: [n,
/// n_kv_head * d_head].
void sum_groups(ConstMatrixView from, const AttentionInputs& in, MatrixView to) {
  const size_t group = in.n_head / in.n_kv_head;
  for (size_t t = 0; t < to.rows; ++t) {
    std::ranges::fill(to.row(t), 0.0f);
    for (size_t h = 0; h < in.n_head; ++h) {
      const auto head = from.row(t).subspan(h * in.d_head, in.d_head);
      const auto sum = to.row(t).subspan(h / group * in.d_head, in.d_head);
      for (size_t i = 0; i < in.d_head; ++i) sum[i] += head[i];
    }
  }
}

/// Gradients of what attention reads. [n, d_query + 2 d_kv]
Matrix attention_gradients(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z) {
  const AttentionInputs in = run.attention_inputs(l);
  const Backend& backend = run.model().backend();
  Matrix out(z.rows, z.cols + in.k.cols + in.v.cols);
  Matrix k(rule == AttentionRule::kDifferentiated ? z.rows : 0, z.cols), v(z.rows, z.cols);  // of each head
  const AttentionGradients attention(run, l, rule, z);
  const auto use = [&](const AttentionBlock& block) {
    const size_t column = block.head * in.d_head, m = block.a.rows;
    const auto rows = [&](ConstMatrixView x) {
      return x.columns(column, in.d_head).slice_rows(block.first, m);
    };
    add_product(backend, block.a, rows(z), v.view().columns(column, in.d_head));
    if (rule == AttentionRule::kFrozen) return;
    const ConstMatrixView keys = in.k.columns(block.head / (in.n_head / in.n_kv_head) * in.d_head, in.d_head);
    backend.gemm(block.scores, keys.slice_rows(0, block.a.cols), false,
                 out.view().columns(column, in.d_head).slice_rows(block.first, m));
    add_product(backend, block.scores, rows(in.q), k.view().columns(column, in.d_head));
  };
  for_each_query_block(z.rows, [&](size_t first, size_t m) { attention.for_each_head(first, m, use); });
  sum_groups(v.view(), in, out.view().columns(z.cols + in.k.cols, in.v.cols));
  if (rule == AttentionRule::kDifferentiated) sum_groups(k.view(), in, out.view().columns(z.cols, in.k.cols));
  return out;
}

}  // namespace

Matrix pull_back_output(const Linearised& run, int l, ConstMatrixView added) {
  const Layer& layer = run.layer(l);
  const Matrix g =
      pull_back_added(run, layer.attention_post_norm, run.trace().layer(l).attention_post_scale, added);
  Matrix z(added.rows, layer.attention_out.n_in());
  run.model().backend().matmul(g.view(), *layer.attention_out.packed_transposed(), {}, z.view());
  return z;
}

Matrix pull_back_attention(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z) {
  const Layer& layer = run.layer(l);
  const ConstMatrixView state = run.resid_pre(l);
  Matrix qkv = attention_gradients(run, l, rule, z);
  FrozenQkv(run, l).pull_back(qkv.view());
  Matrix out(state.rows, state.cols);
  run.model().backend().matmul(qkv.view(), *layer.qkv.packed_transposed(), {}, out.view());
  if (layer.attention_norm) {
    FrozenNorms(run.spec(), layer.attention_norm->weight, state).pull_back(out.view(), out.view());
  }
  return out;
}

}  // namespace limpid
