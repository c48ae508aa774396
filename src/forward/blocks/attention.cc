#include <algorithm>

#include "forward/blocks/blocks.h"

namespace limpid {

AttentionInputs split_qkv(const ModelSpec& spec, ConstMatrixView qkv) {
  const auto d_query = static_cast<size_t>(spec.d_query()), d_kv = static_cast<size_t>(spec.d_kv());
  AttentionInputs in;
  in.q = qkv.columns(0, d_query);
  in.k = qkv.columns(d_query, d_kv);
  in.v = qkv.columns(d_query + d_kv, d_kv);
  in.n_head = static_cast<size_t>(spec.n_head);
  in.n_kv_head = static_cast<size_t>(spec.n_kv_head);
  in.d_head = static_cast<size_t>(spec.d_head);
  in.scale = spec.attention_scale;
  return in;
}

void attention_block(const Model& model, const Layer& layer, const Rotation& rotation, ConstMatrixView x,
                     MatrixView qkv, MatrixView out) {
  const ModelSpec& spec = model.spec();
  const Backend& backend = model.backend();
  const auto d_query = static_cast<size_t>(spec.d_query()), d_kv = static_cast<size_t>(spec.d_kv());

  // The value bias is left out here and added behind the attention: sum_k A[q,k] (v + b_V) = z + b_V.
  std::vector<float> bias;
  if (layer.qkv.has_bias()) {
    bias.assign(layer.qkv.bias().begin(), layer.qkv.bias().end());
    std::fill(bias.end() - static_cast<std::ptrdiff_t>(d_kv), bias.end(), 0.0f);
  }
  backend.matmul(x, layer.qkv.packed(), bias, qkv);
  if (spec.rope) {
    backend.rope(qkv.columns(0, d_query), static_cast<size_t>(spec.n_head), rotation.angles(),
                 RopePairs::kHalves);
    backend.rope(qkv.columns(d_query, d_kv), static_cast<size_t>(spec.n_kv_head), rotation.angles(),
                 RopePairs::kHalves);
  }
  Matrix z(x.rows, d_query);
  backend.attention(split_qkv(spec, qkv), z.view());
  if (const std::vector<float> b_v = layer.value_bias(spec); !b_v.empty()) {
    for (size_t t = 0; t < z.rows(); ++t)
      backend.add({b_v.data(), 1, d_query}, {z.row(t).data(), 1, d_query});
  }
  const auto b_o = layer.attention_out.has_bias() ? layer.attention_out.bias() : std::span<const float>();
  backend.matmul(z.view(), layer.attention_out.packed(), b_o, out);
}

}  // namespace limpid
