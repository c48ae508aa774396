#include "attribution/attention_edges.h"

#include "attribution/backward/blocks.h"
#include "attribution/backward/frozen_norms.h"
#include "attribution/backward/frozen_qkv.h"

namespace limpid {

namespace {

/// What becomes of changes of resid_pre in what attention reads. [n, d_query + 2 d_kv]
Matrix qkv_changes(const Linearised& run, int l, ConstMatrixView change) {
  const Layer& layer = run.layer(l);
  Matrix normed(change.rows, change.cols), qkv(change.rows, layer.qkv.n_out());
  if (layer.attention_norm) {
    FrozenNorms(run.spec(), layer.attention_norm->weight, run.resid_pre(l)).apply(change, normed.view());
  }
  run.model().backend().matmul(layer.attention_norm ? normed.view() : change, *layer.qkv.packed(), {},
                               qkv.view());
  FrozenQkv(run, l).apply(qkv.view());
  return qkv;
}

/// The rows of a block in a matrix with columns for every query head, and of its keys in one for every
/// key/value head.
struct BlockViews {
  const AttentionInputs& in;
  const AttentionBlock& block;
  ConstMatrixView queries(ConstMatrixView x) const {
    return x.columns(block.head * in.d_head, in.d_head).slice_rows(block.first, block.a.rows);
  }
  ConstMatrixView keys(ConstMatrixView x) const {
    const size_t shared = block.head / (in.n_head / in.n_kv_head);
    return x.columns(shared * in.d_head, in.d_head).slice_rows(0, block.a.cols);
  }
};

/// scores += factor * (x y^T), element by element.
void add_scaled_product(const Backend& backend, ConstMatrixView factor, ConstMatrixView x, ConstMatrixView y,
                        MatrixView scores) {
  Matrix product(x.rows, y.rows);
  backend.gemm(x, y, true, product.view());
  for (size_t r = 0; r < scores.rows; ++r) {
    for (size_t key = 0; key < scores.cols; ++key) {
      scores.at(r, key) += factor.at(r, key) * product.row(r)[key];
    }
  }
}

/// A layer, as changes of its resid_pre move it.
struct ChangedLayer {
  const Backend& backend;
  AttentionInputs in;
  ConstMatrixView z;
  Matrix qkv;  // changes

  /// scores: [m, n_key]
  void score(const AttentionBlock& block, MatrixView scores) const {
    const BlockViews of{in, block};
    const size_t d_query = in.q.cols, d_kv = in.k.cols;
    add_scaled_product(backend, block.a, of.queries(z), of.keys(qkv.view().columns(d_query + d_kv, d_kv)),
                       scores);
    if (block.scores.rows == 0) return;
    add_scaled_product(backend, block.scores, of.queries(in.q), of.keys(qkv.view().columns(d_query, d_kv)),
                       scores);
    // A change of a query moves all its scores, and comes from the query's own position.
    Matrix through_query(scores.rows, scores.cols);
    add_scaled_product(backend, block.scores, of.queries(qkv.view().columns(0, d_query)), of.keys(in.k),
                       through_query.view());
    for (size_t r = 0; r < scores.rows; ++r) {
      double sum = 0;
      for (const float s : through_query.row(r)) sum += static_cast<double>(s);
      scores.at(r, block.first + r) += static_cast<float>(sum);
    }
  }
};

}  // namespace

void attention_edge_scores(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z,
                           ConstMatrixView change, const std::function<void(const EdgeScores&)>& use) {
  const ChangedLayer layer{run.model().backend(), run.attention_inputs(l), z, qkv_changes(run, l, change)};
  const AttentionGradients attention(run, l, rule, z);
  for_each_query_block(z.rows, [&](size_t first, size_t m) {
    Matrix scores(layer.in.n_head * m, first + m);
    attention.for_each_head(first, m, [&](const AttentionBlock& block) {
      layer.score(block, scores.view().slice_rows(block.head * m, m));
    });
    use({first, m, scores.view()});
  });
}

Matrix head_values(const Linearised& run, int l) {
  Matrix z(run.n_tok(), static_cast<size_t>(run.spec().d_query()));
  run.model().backend().attention(run.attention_inputs(l), run.layer(l).value_bias(run.spec()), z.view());
  return z;
}

}  // namespace limpid
