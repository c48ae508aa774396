// The blocks of a decoder layer, each from a state to what it adds to the stream. Pure: no state is kept.
#pragma once

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

/// Appends the last m tokens to qkv of the trace's layer l, and fills its sinks and `out` ([m, d_model],
/// attention with its output projection) from x = their normed states.
void attention_block(const Model& model, int l, std::span<const Rotation> rotations, ConstMatrixView x,
                     Trace& trace, MatrixView out);

/// out = the FFN of the normed state x; both [m, d_model].
void ffn_block(const Model& model, const Ffn& ffn, ConstMatrixView x, MatrixView out);

/// out = the mixture of experts of the normed state x; both [m, d_model].
void moe_block(const Model& model, const Moe& moe, ConstMatrixView x, MatrixView out);

}  // namespace limpid
