// The FFNs of a layer one after another, dense or a mixture, with what each one's output is multiplied with.
#pragma once

#include <functional>
#include <span>

#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// Neurons of a layer: d_mlp; of a mixture, all experts' one after another (those not chosen have share 0),
/// then the shared expert's.
size_t n_neuron(const Model& model, int layer);

/// Normed inputs of the FFN at the positions. [n_position, d_model]
Matrix ffn_inputs(const Model& model, const Trace& trace, int layer, std::span<const int> positions);

/// What is done with one FFN: `first` is its first neuron, gate(row) what its output is multiplied with.
using UseFfn =
    std::function<void(const Ffn& ffn, size_t first, const std::function<float(size_t row)>& gate)>;

/// ffn_activations as the run had them, patched neurons included. `first`: the FFN's first neuron; x: of
/// ffn_inputs.
Matrix run_activations(const Model& model, const Trace& trace, int layer, const Ffn& ffn, size_t first,
                       ConstMatrixView x, std::span<const int> positions);

/// Calls `use` for each FFN of the layer that any row of x (ffn_inputs) chooses.
void for_each_ffn(const Model& model, int layer, ConstMatrixView x, const UseFfn& use);

/// What of multiplier and post-norm does not depend on the coordinate, with the factors of patches.
float ffn_factor(const Model& model, const Trace& trace, int layer, int position);

}  // namespace limpid
