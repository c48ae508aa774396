#include <numeric>

#include "forward/blocks/blocks.h"

namespace limpid {

Matrix ffn_activations(const Model& model, const Ffn& ffn, ConstMatrixView x) {
  const ModelSpec& spec = model.spec();
  const Backend& backend = model.backend();
  Matrix hidden(x.rows, ffn.in.n_out());
  backend.matmul(x, *ffn.in.packed(), ffn.in.bias_if_any(), hidden.view());
  if (!spec.gated_ffn) {
    backend.activate(spec.activation, hidden.view());
    return hidden;
  }
  Matrix activations(x.rows, ffn.d_mlp());
  backend.gated_activate(spec.activation, hidden.view(), activations.view());
  return activations;
}

void ffn_block(const Model& model, const Ffn& ffn, ConstMatrixView x, MatrixView out,
               const ActivationEdit& edit) {
  Matrix activations = ffn_activations(model, ffn, x);
  if (edit) {
    std::vector<size_t> tokens(x.rows);
    std::iota(tokens.begin(), tokens.end(), size_t{0});
    edit(activations.view(), 0, tokens);
  }
  ffn_output(model, ffn, activations.view(), out);
}

void ffn_output(const Model& model, const Ffn& ffn, ConstMatrixView activations, MatrixView out) {
  model.backend().matmul(activations, *ffn.down.packed(), ffn.down.bias_if_any(), out);
}

}  // namespace limpid
