// The outcome of one run, as a value: what cannot be recomputed cheaply. Independent of the Model it came
// from, so requests run side by side and traces can be kept, compared and dropped.
#pragma once

#include <vector>

#include "base/matrix.h"
#include "kernels/kernels.h"
#include "model/spec.h"

namespace limpid {

struct LayerTrace {
  Matrix qkv;         // [n_tok, d_query + 2 d_kv]: q and k rotated, v WITHOUT the value bias
  Matrix resid_mid;   // [n_tok, d_model] after attention
  Matrix resid_post;  // [n_tok, d_model] after the FFN
  // Kept only on request (RunOptions::keep_block_outputs); else empty.
  Matrix attention_out;  // [n_tok, d_model]
  Matrix ffn_out;        // [n_tok, d_model]
};

struct Trace {
  ModelSpec spec;
  std::vector<int> ids;
  Matrix embed;  // [n_tok, d_model]: resid_pre of layer 0
  std::vector<LayerTrace> layers;

  size_t n_tok() const { return ids.size(); }
  const LayerTrace& layer(int l) const { return layers[static_cast<size_t>(l)]; }
  /// The state that layer l reads. [n_tok, d_model]
  ConstMatrixView resid_pre(int l) const { return l == 0 ? embed.view() : layer(l - 1).resid_post.view(); }
  /// Queries, keys and values of layer l.
  AttentionInputs attention_inputs(int l) const;
};

}  // namespace limpid
