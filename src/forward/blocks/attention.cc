#include <algorithm>

#include "forward/blocks/blocks.h"

namespace limpid {

void attention_block(const Model& model, int l, std::span<const Rotation> rotations, ConstMatrixView x,
                     Trace& trace, MatrixView out) {
  const ModelSpec& spec = model.spec();
  const Layer& layer = model.layer(l);
  const Backend& backend = model.backend();
  LayerTrace& state = trace.layers[static_cast<size_t>(l)];

  // The value bias is left out of the stored values: it belongs to no key. Attention adds it.
  std::vector<float> bias;
  if (layer.qkv.has_bias()) {
    bias.assign(layer.qkv.bias().begin(), layer.qkv.bias().end());
    std::fill(bias.end() - spec.d_kv(), bias.end(), 0.0f);
  }
  const MatrixView qkv = state.qkv.append_rows(x.rows);
  state.sinks = layer.sinks;
  backend.matmul(x, *layer.qkv.packed(), bias, qkv);
  finish_qkv(model, l, rotations, qkv);

  Matrix z(x.rows, static_cast<size_t>(spec.d_query()));
  backend.attention(trace.attention_inputs(l), layer.value_bias(spec), z.view());
  backend.matmul(z.view(), *layer.attention_out.packed(), layer.attention_out.bias_if_any(), out);
}

}  // namespace limpid
