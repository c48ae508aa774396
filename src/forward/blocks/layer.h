// One layer of a decoder, of one sequence of tokens or of several at a time: products with weights are made
// of the rows of all of them together, attention of each alone.
#pragma once

#include <span>
#include <vector>

#include "base/matrix.h"
#include "forward/blocks/blocks.h"
#include "forward/patches.h"

namespace limpid {

/// Rows of one run among those of all.
struct Sequence {
  size_t begin = 0;  // its first row
  size_t count = 0;
  size_t first = 0;                // position of that row
  AttentionInputs attention = {};  // of its queries, keys and values, those of earlier positions too; where
                                   // `earlier` has these, all but queries, keys and values
  ConstMatrixView earlier = {};    // [first, d_query + 2 d_kv]
  const LayerPatches* patches = nullptr;  // or none
};

/// What a layer reads and fills. [m, d_model], but for qkv
struct LayerRows {
  ConstMatrixView resid_pre;
  MatrixView qkv;  // [m, d_query + 2 d_kv]
  MatrixView attention_out;
  MatrixView resid_mid;
  MatrixView ffn_out;  // may be the memory of attention_out
  MatrixView resid_post;
};

/// 1 / rms of what each block's post-norm read, [m]; empty without such norms.
struct PostScales {
  std::vector<float> attention, ffn;
};

/// `rotations`: of the positions of each sequence, which are the same ones, one for each of
/// ModelSpec::ropes. `rows.qkv` is the memory that attention of sequences without `earlier` reads.
PostScales run_layer(const Model& model, int l, std::span<const Rotation> rotations,
                     std::span<const Sequence> sequences, const LayerRows& rows);

}  // namespace limpid
