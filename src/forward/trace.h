// The outcome of one run, as a value: what cannot be recomputed cheaply. Independent of the Model it came
// from, so requests run side by side and traces can be kept, compared and dropped.
#pragma once

#include <memory>
#include <vector>

#include "base/matrix.h"
#include "forward/patches.h"
#include "kernels/kernels.h"
#include "model/spec.h"

namespace limpid {

struct LayerTrace {
  Matrix qkv;                // [n_tok, d_query + 2 d_kv]: q and k rotated, v WITHOUT the value bias
  std::vector<float> sinks;  // [n_head], or empty
  Matrix resid_mid;          // [n_tok, d_model] resid_pre and what attention adds, also in parallel blocks
  Matrix resid_post;         // [n_tok, d_model] after the FFN
  // Where attention's output is normed before it is added: 1 / rms of it, [n_tok]; else empty.
  std::vector<float> attention_post_scale;
  std::vector<float> ffn_post_scale;  // the same of the FFN's output
  // Kept only on request (RunOptions::keep_block_outputs); else empty.
  Matrix attention_out;  // [n_tok, d_model]
  Matrix ffn_out;        // [n_tok, d_model]

  LayerTrace clone() const;
};

struct Trace {
  ModelSpec spec;
  std::vector<int> ids;
  Matrix embed;     // [n_tok, d_model]: resid_pre of layer 0
  Matrix key_bias;  // [n_head, n_tok], ALiBi; else empty
  std::vector<LayerTrace> layers;
  std::shared_ptr<const Patches> patches;  // what the run replaced; nullptr for nothing

  size_t n_tok() const { return ids.size(); }
  /// What it takes in memory.
  size_t n_bytes() const;
  /// nullptr where nothing of the layer was replaced.
  const LayerPatches* layer_patches(int l) const { return patches ? patches->layer(l) : nullptr; }
  const LayerTrace& layer(int l) const { return layers[static_cast<size_t>(l)]; }
  /// The state that layer l reads. [n_tok, d_model]
  ConstMatrixView resid_pre(int l) const { return l == 0 ? embed.view() : layer(l - 1).resid_post.view(); }
  /// The state whose norm layer l's FFN reads. [n_tok, d_model]
  ConstMatrixView ffn_input(int l) const {
    return spec.parallel_blocks ? resid_pre(l) : layer(l).resid_mid.view();
  }
  /// Queries, keys, values and what else attention of layer l takes.
  AttentionInputs attention_inputs(int l) const;
};

/// Sets the queries, keys and values. qkv: [n_tok, d_query + 2 d_kv]
void set_qkv(const ModelSpec& spec, ConstMatrixView qkv, AttentionInputs& in);

/// The same for a sequence whose qkv lie elsewhere: [n_tok, d_query + 2 d_kv]. key_bias: as Trace's, of at
/// least as many tokens.
AttentionInputs attention_inputs(const ModelSpec& spec, int l, ConstMatrixView qkv, ConstMatrixView key_bias,
                                 std::span<const float> sinks, const LayerPatches* patches);

}  // namespace limpid
