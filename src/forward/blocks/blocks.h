// The blocks of a decoder layer, each from a state to what it adds to the stream. Pure: no state is kept.
#pragma once

#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// y = norm(x), by the model's kind of norm. x, y: [m, d_model].
void apply_norm(const Model& model, const Norm& norm, ConstMatrixView x, MatrixView y);

/// Angles of positions 0 .. n_tok-1, for all layers. Empty when the model has no rotary positions.
struct Rotation {
  Rotation(const ModelSpec& spec, size_t n_tok);
  RopeAngles angles() const { return {cos.view(), sin.view()}; }
  Matrix cos, sin;  // [n_tok, n_rot/2]
};

/// Fills `qkv` ([n_tok, d_query + 2 d_kv], values without bias) and `out` ([n_tok, d_model], what attention
/// adds to the stream) from x = the normed state.
void attention_block(const Model& model, const Layer& layer, const Rotation& rotation, ConstMatrixView x,
                     MatrixView qkv, MatrixView out);

/// out = the FFN of the normed state x; both [m, d_model].
void ffn_block(const Model& model, const Layer& layer, ConstMatrixView x, MatrixView out);

/// Splits stored queries, keys and values into views.
AttentionInputs split_qkv(const ModelSpec& spec, ConstMatrixView qkv);

}  // namespace limpid
