// Where each weight of a decoder lies in a checkpoint. Fused, split, transposed, stacked and permuted
// projections are all the same thing here: a matrix whose output rows are gathered from slices of tensors.
//
// Pointers refer to tensors of the Checkpoint the model was described from; shapes have been checked.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace limpid {

/// Output rows begin, begin + stride, ... (count of them) of a stored matrix. A stack of matrices
/// [n, n_out, n_in] is one matrix of n * n_out rows; a transposed stack [n, n_in, n_out] is addressed by the
/// matrix's index.
struct RowSlice {
  const TensorInfo* tensor = nullptr;  // [..., n_out, n_in], or [..., n_in, n_out] when transposed
  size_t begin = 0;
  size_t count = 0;
  size_t stride = 1;
  bool transposed = false;
  size_t matrix = 0;  // of a transposed stack
};

/// Entries begin, begin + stride, ... of a stored vector, or of a matrix's entries in their order.
struct VectorSlice {
  const TensorInfo* tensor = nullptr;
  size_t begin = 0;
  size_t count = 0;
  size_t stride = 1;
};

/// y = x W^T + b, W [n_out, n_in].
struct LinearWeights {
  size_t n_out = 0;
  size_t n_in = 0;
  std::vector<RowSlice> rows;     // counts sum to n_out
  std::vector<VectorSlice> bias;  // empty, or counts sum to n_out; a null tensor stands for zeros
};

struct NormWeights {
  size_t width = 0;
  std::vector<VectorSlice> weight;  // counts sum to width; empty: all ones
  std::vector<VectorSlice> bias;    // counts sum to width; empty: none
  float offset = 0;                 // added to the stored weights (Gemma stores w - 1)
};

struct FfnWeights {
  LinearWeights in;    // [d_mlp, d_model]; gated: [2 d_mlp, d_model], gate then up
  LinearWeights down;  // [d_model, d_mlp]
};

struct MoeWeights {
  LinearWeights router;  // [n_expert, d_model]
  std::vector<FfnWeights> experts;
  std::optional<FfnWeights> shared;  // used by every token, times the sigmoid of its gate if it has one
  std::optional<LinearWeights> shared_gate;  // [1, d_model]
};

struct LayerWeights {
  std::optional<NormWeights> attention_norm;       // absent: attention reads the state itself (OLMo 2)
  LinearWeights qkv;                               // [d_query + 2 d_kv, d_model]: queries, keys, values
  std::optional<NormWeights> q_norm, k_norm;       // as ModelSpec::qk_norm says
  const TensorInfo* sinks = nullptr;               // [n_head], or none
  LinearWeights attention_out;                     // [d_model, d_query]
  std::optional<NormWeights> attention_post_norm;  // of what attention adds to the stream; RMS only
  std::optional<NormWeights> ffn_norm;
  std::optional<FfnWeights> ffn;  // this or
  std::optional<MoeWeights> moe;  // this
  std::optional<NormWeights> ffn_post_norm;
};

/// Calls use(linear) for every projection of a layer.
template <class Use>
void for_each_linear(const LayerWeights& layer, const Use& use) {
  const auto use_ffn = [&use](const FfnWeights& ffn) {
    use(ffn.in);
    use(ffn.down);
  };
  use(layer.qkv);
  use(layer.attention_out);
  if (layer.ffn) use_ffn(*layer.ffn);
  if (!layer.moe) return;
  use(layer.moe->router);
  for (const FfnWeights& expert : layer.moe->experts) use_ffn(expert);
  if (layer.moe->shared) use_ffn(*layer.moe->shared);
  if (layer.moe->shared_gate) use(*layer.moe->shared_gate);
}

struct ModelWeights {
  const TensorInfo* embedding = nullptr;           // [n_vocab, d_model]
  const TensorInfo* position_embedding = nullptr;  // [position_offset + n_ctx, d_model], or none
  std::optional<NormWeights> embedding_norm;
  std::vector<LayerWeights> layers;
  NormWeights final_norm;
  LinearWeights unembed;  // [n_vocab, d_model]
};

}  // namespace limpid
