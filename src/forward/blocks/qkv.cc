#include <algorithm>

#include "forward/blocks/blocks.h"

namespace limpid {

namespace {

/// x: [m, n_head * d_head], in place.
void norm_heads(const Model& model, const Norm& norm, size_t n_head, MatrixView x) {
  const size_t d_head = x.cols / n_head;
  switch (model.spec().qk_norm) {
    case QkNorm::kNone:
      return;
    case QkNorm::kFullWidth:
      apply_norm(model, norm, x, x);
      return;
    case QkNorm::kSharedByHeads:
      for (size_t h = 0; h < n_head; ++h) {
        apply_norm(model, norm, x.columns(h * d_head, d_head), x.columns(h * d_head, d_head));
      }
      return;
    case QkNorm::kEachHead:
      for (size_t h = 0; h < n_head; ++h) {
        const auto weight = std::span(norm.weight).subspan(h * d_head, d_head);
        const Norm own = {{weight.begin(), weight.end()}, {}};
        apply_norm(model, own, x.columns(h * d_head, d_head), x.columns(h * d_head, d_head));
      }
      return;
  }
}

}  // namespace

void finish_qkv(const Model& model, int l, std::span<const Rotation> rotations, MatrixView qkv) {
  const ModelSpec& spec = model.spec();
  const Layer& layer = model.layer(l);
  const auto n_head = static_cast<size_t>(spec.n_head), n_kv_head = static_cast<size_t>(spec.n_kv_head);
  const MatrixView q = qkv.columns(0, static_cast<size_t>(spec.d_query())),
                   k = qkv.columns(q.cols, static_cast<size_t>(spec.d_kv()));
  if (layer.q_norm) norm_heads(model, *layer.q_norm, n_head, q);
  if (layer.k_norm) norm_heads(model, *layer.k_norm, n_kv_head, k);
  if (spec.qkv_clip > 0) {
    for (size_t t = 0; t < qkv.rows; ++t) {
      for (float& x : qkv.row(t)) x = std::clamp(x, -spec.qkv_clip, spec.qkv_clip);
    }
  }
  const RopeSpec* rope = spec.rope(l);
  if (rope == nullptr) return;
  const Rotation& rotation = rotations[static_cast<size_t>(rope - spec.ropes.data())];
  const RopeAngles angles = {rotation.cos.view(), rotation.sin.view()};
  model.backend().rope(q, n_head, angles, rope->pairs);
  model.backend().rope(k, n_kv_head, angles, rope->pairs);
}

}  // namespace limpid
