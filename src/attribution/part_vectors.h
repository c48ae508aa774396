// The parts of a state as vectors of the stream (docs/method.md, "States and their parts"), for few positions
// at a time. With the multiplier and the norm behind a block in them, where the model has these, so that they
// sum to what the block adds.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "attribution/attention_importance.h"
#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// Outputs of the heads of one layer at one query, without what was put in their place. [n_head, d_model]
struct HeadOutputs {
  Matrix heads;             // with `key`: what they take from that key only
  std::vector<float> bias;  // the bias part, [d_model]; empty without one
};
HeadOutputs head_outputs(const Model& model, const Trace& trace, int layer, int query,
                         const OutputProjection& projection, std::optional<int> key = {});

/// What the FFN adds at each position, its bias included, without what was put in its place. [n_position,
/// d_model]
Matrix ffn_outputs(const Model& model, const Trace& trace, int layer, std::span<const int> positions);

/// What of that is the bias; zeros without one. [d_model]
std::vector<float> ffn_bias_part(const Model& model, const Trace& trace, int layer, int position);

/// act[n] * W_down[n] of some neurons at one position. activations: a row of neuron_activations. [n, d_model]
Matrix neuron_outputs(const Model& model, int layer, std::span<const int> neurons,
                      std::span<const float> activations);

}  // namespace limpid
