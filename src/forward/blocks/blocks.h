// The blocks of a decoder layer, each from a state to what it adds to the stream. Pure: no state is kept.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "forward/model.h"
#include "forward/recompute.h"
#include "forward/trace.h"

namespace limpid {

/// x = norm(x) by RMS; returns 1 / rms of every row, the scale with which each part of the row is normed.
std::vector<float> apply_post_norm(const Model& model, const Norm& norm, MatrixView x);

/// What is added to attention scores, [n_head, n_tok]; empty without ALiBi.
Matrix alibi_key_bias(const ModelSpec& spec, size_t n_tok);

/// Norms, rotates and clips queries and keys (and clips values) of layer l as the model does. qkv: [m,
/// d_query + 2 d_kv]; `rotations`: of these m positions, one for each of ModelSpec::ropes.
void finish_qkv(const Model& model, int l, std::span<const Rotation> rotations, MatrixView qkv);

/// Changes activations before they leave their FFN. act: [tokens.size(), d_mlp], of the rows `tokens`
/// (ascending) of the block's input; `first_neuron`: the number of its first one, which is 0 but in a
/// mixture.
using ActivationEdit =
    std::function<void(MatrixView act, size_t first_neuron, std::span<const size_t> tokens)>;

/// out = the FFN of the normed state x; both [m, d_model].
void ffn_block(const Model& model, const Ffn& ffn, ConstMatrixView x, MatrixView out,
               const ActivationEdit& edit = {});
/// The second half of it. activations: [m, d_mlp]
void ffn_output(const Model& model, const Ffn& ffn, ConstMatrixView activations, MatrixView out);

/// out = the mixture of experts of the normed state x; both [m, d_model].
void moe_block(const Model& model, const Moe& moe, ConstMatrixView x, MatrixView out,
               const ActivationEdit& edit = {});

}  // namespace limpid
