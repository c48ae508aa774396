#include "forward/blocks/blocks.h"

namespace limpid {

void ffn_block(const Model& model, const Layer& layer, ConstMatrixView x, MatrixView out) {
  const ModelSpec& spec = model.spec();
  const Backend& backend = model.backend();
  const auto bias_of = [](const Linear& linear) {
    return linear.has_bias() ? linear.bias() : std::span<const float>();
  };
  const auto d_mlp = static_cast<size_t>(spec.d_mlp);
  Matrix hidden(x.rows, spec.gated_ffn ? 2 * d_mlp : d_mlp);
  backend.matmul(x, layer.ffn_in.packed(), bias_of(layer.ffn_in), hidden.view());
  if (spec.gated_ffn) {
    Matrix activation(x.rows, d_mlp);
    backend.gated_activate(spec.activation, hidden.view(), activation.view());
    hidden = std::move(activation);
  } else {
    backend.activate(spec.activation, hidden.view());
  }
  backend.matmul(hidden.view(), layer.ffn_down.packed(), bias_of(layer.ffn_down), out);
}

}  // namespace limpid
