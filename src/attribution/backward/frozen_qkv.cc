#include "attribution/backward/frozen_qkv.h"

#include <algorithm>

namespace limpid {

namespace {

/// What the projection gives in the run, with the bias of queries and keys. [n, d_query + 2 d_kv]
Matrix projected(const Linearised& run, int l) {
  const Layer& layer = run.layer(l);
  const Linear& qkv = layer.qkv;
  const ConstMatrixView state = run.resid_pre(l);
  Matrix normed(state.rows, state.cols);
  if (layer.attention_norm) apply_norm(run.model(), *layer.attention_norm, state, normed.view());
  const ConstMatrixView x = layer.attention_norm ? normed.view() : state;
  std::vector<float> bias;
  if (qkv.has_bias()) {
    bias.assign(qkv.bias().begin(), qkv.bias().end());
    std::fill(bias.end() - run.spec().d_kv(), bias.end(), 0.0f);
  }
  Matrix out(x.rows, qkv.n_out());
  run.model().backend().matmul(x, *qkv.packed(), bias, out.view());
  return out;
}

}  // namespace

FrozenQkv::FrozenQkv(const Linearised& run, int l) : run_(run), layer_(l) {
  const ModelSpec& spec = run.spec();
  const Layer& layer = run.layer(l);
  if (!layer.q_norm && !layer.k_norm && spec.qkv_clip <= 0) return;
  Matrix qkv = projected(run, l);
  if (layer.q_norm) freeze(*layer.q_norm, 0, static_cast<size_t>(spec.n_head), qkv.view());
  if (layer.k_norm) {
    freeze(*layer.k_norm, static_cast<size_t>(spec.d_query()), static_cast<size_t>(spec.n_kv_head),
           qkv.view());
  }
  if (spec.qkv_clip <= 0) return;
  clip_ratio_ = std::move(qkv);
  for (size_t t = 0; t < clip_ratio_.rows(); ++t) {
    for (float& v : clip_ratio_.row(t)) {
      const float clipped = std::clamp(v, -spec.qkv_clip, spec.qkv_clip);
      v = clipped == v ? 1 : clipped / v;
    }
  }
}

/// Adds the norms of n_head heads from a column on, and norms qkv, which clipping goes on from.
void FrozenQkv::freeze(const Norm& norm, size_t first_column, size_t n_head, MatrixView qkv) {
  const auto d_head = static_cast<size_t>(run_.spec().d_head);
  const QkNorm kind = run_.spec().qk_norm;
  const size_t width = kind == QkNorm::kFullWidth ? n_head * d_head : d_head;
  for (size_t begin = 0; begin < n_head * d_head; begin += width) {
    const auto weight = std::span(norm.weight).subspan(kind == QkNorm::kEachHead ? begin : 0, width);
    const MatrixView x = qkv.columns(first_column + begin, width);
    norms_.push_back({first_column + begin, width, FrozenNorms(run_.spec(), weight, x)});
    norms_.back().norm.apply(x, x);
    if (norm.bias.empty()) continue;
    for (size_t t = 0; t < x.rows; ++t) {
      for (size_t i = 0; i < width; ++i) x.at(t, i) += norm.bias[i];
    }
  }
}

void FrozenQkv::apply(MatrixView qkv) const {
  for (const HeadNorm& head : norms_) {
    const MatrixView x = qkv.columns(head.first_column, head.width);
    head.norm.apply(x, x);
  }
  clip(qkv);
  run_.rotate(layer_, false, qkv);
}

void FrozenQkv::pull_back(MatrixView qkv) const {
  run_.rotate(layer_, true, qkv);
  clip(qkv);
  for (const HeadNorm& head : norms_) {
    const MatrixView x = qkv.columns(head.first_column, head.width);
    head.norm.pull_back(x, x);
  }
}

void FrozenQkv::clip(MatrixView qkv) const {
  if (clip_ratio_.empty()) return;
  for (size_t t = 0; t < qkv.rows; ++t) {
    for (size_t i = 0; i < qkv.cols; ++i) qkv.at(t, i) *= clip_ratio_.row(t)[i];
  }
}

}  // namespace limpid
