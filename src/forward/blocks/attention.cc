#include <algorithm>

#include "forward/blocks/blocks.h"

namespace limpid {

void attention_block(const Model& model, int l, std::span<const Rotation> rotations, ConstMatrixView x,
                     Trace& trace, MatrixView out) {
  const ModelSpec& spec = model.spec();
  const Layer& layer = model.layer(l);
  const Backend& backend = model.backend();
  const auto d_query = static_cast<size_t>(spec.d_query()), d_kv = static_cast<size_t>(spec.d_kv());
  LayerTrace& state = trace.layers[static_cast<size_t>(l)];

  // The value bias is left out of the stored values: it belongs to no key. Attention adds it.
  std::vector<float> bias;
  if (layer.qkv.has_bias()) {
    bias.assign(layer.qkv.bias().begin(), layer.qkv.bias().end());
    std::fill(bias.end() - static_cast<std::ptrdiff_t>(d_kv), bias.end(), 0.0f);
  }
  state.qkv = Matrix(x.rows, d_query + 2 * d_kv);
  state.sinks = layer.sinks;
  backend.matmul(x, *layer.qkv.packed(), bias, state.qkv.view());
  finish_qkv(model, l, rotations, state.qkv.view());

  Matrix z(x.rows, d_query);
  backend.attention(trace.attention_inputs(l), layer.value_bias(spec), z.view());
  backend.matmul(z.view(), *layer.attention_out.packed(), layer.attention_out.bias_if_any(), out);
}

}  // namespace limpid
