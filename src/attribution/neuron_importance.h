// Importance of the FFN's neurons (docs/method.md): parts act[n] * W_down[n] of resid_post, and the residual.
// Of a mixture, the parts include the expert's gate.
#pragma once

#include <span>
#include <vector>

#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// For a set of positions of one layer. Importances of a row sum to 1 over neurons and the residual, or are
/// all 0 where no part points towards the state. The FFN's bias is no part.
struct NeuronImportance {
  Matrix neurons;               // [n_position, n_neuron]
  std::vector<float> residual;  // [n_position]
};

/// Neurons of a layer: d_mlp; of a mixture, all experts' one after another (those not chosen have share 0),
/// then the shared expert's.
size_t n_neuron(const Model& model, int layer);

/// act[n], with gates, multipliers and the scale of a norm behind the FFN in it; what W_down[n] (times that
/// norm's weights) is multiplied with. [n_position, n_neuron]
Matrix neuron_activations(const Model& model, const Trace& trace, int layer, std::span<const int> positions);

NeuronImportance neuron_importance(const Model& model, const Trace& trace, int layer,
                                   std::span<const int> positions);

}  // namespace limpid
