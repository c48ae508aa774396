// Where each weight of a decoder lies in a checkpoint. Fused, split, transposed and permuted projections are
// all the same thing here: a matrix whose output rows are gathered from slices of tensors.
//
// Pointers refer to tensors of the Checkpoint the model was described from; shapes have been checked.
#pragma once

#include <cstddef>
#include <vector>

#include "checkpoint/checkpoint.h"

namespace limpid {

/// Output rows begin, begin + stride, ... (count of them) of a stored matrix.
struct RowSlice {
  const TensorInfo* tensor = nullptr;  // [n_out, n_in], or [n_in, n_out] when transposed
  size_t begin = 0;
  size_t count = 0;
  size_t stride = 1;
  bool transposed = false;
};

/// Entries begin, begin + stride, ... of a stored vector.
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
  const TensorInfo* weight = nullptr;  // [d_model]
  const TensorInfo* bias = nullptr;    // [d_model], or none
};

struct LayerWeights {
  NormWeights attention_norm;
  LinearWeights qkv;            // [d_query + 2 d_kv, d_model]: queries, keys, values
  LinearWeights attention_out;  // [d_model, d_query]
  NormWeights ffn_norm;
  LinearWeights ffn_in;    // [d_mlp, d_model]; gated: [2 d_mlp, d_model], gate then up
  LinearWeights ffn_down;  // [d_model, d_mlp]
};

struct ModelWeights {
  const TensorInfo* embedding = nullptr;           // [n_vocab, d_model]
  const TensorInfo* position_embedding = nullptr;  // [n_ctx, d_model], or none
  std::vector<LayerWeights> layers;
  NormWeights final_norm;
  LinearWeights unembed;  // [n_vocab, d_model]
};

}  // namespace limpid
