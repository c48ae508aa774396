// A model ready to run: its description, and its weights decoded and packed for a backend on first use.
//
// Thread-safe: requests on one Model run side by side. Holds its checkpoint.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "kernels/kernels.h"
#include "model/family.h"

namespace limpid {

/// A projection of one layer; packed when first asked for.
class Linear {
 public:
  Linear(const LinearWeights& weights, const Backend& backend) : weights_(weights), backend_(backend) {}

  const PackedMatrix& packed() const;
  /// [n_out], zeros where the checkpoint has none.
  std::span<const float> bias() const;
  bool has_bias() const { return !weights_.bias.empty(); }
  /// Decodes the whole matrix, [n_out, n_in].
  Matrix decode() const;
  size_t n_packed_bytes() const { return n_packed_bytes_.load(); }

 private:
  const LinearWeights& weights_;
  const Backend& backend_;
  mutable std::once_flag pack_once_, bias_once_;
  mutable std::unique_ptr<PackedMatrix> packed_;
  mutable std::vector<float> bias_;
  mutable std::atomic<size_t> n_packed_bytes_ = 0;
};

struct Norm {
  std::vector<float> weight;  // [d_model]
  std::vector<float> bias;    // [d_model], or empty
};

struct Layer {
  Layer(const LayerWeights& weights, const Backend& backend);

  /// b_V of every query head, [d_query]; empty when the model has none. The bias part of attention is
  /// b_O + b_V W_O^T, since rows of the attention matrix sum to 1.
  std::vector<float> value_bias(const ModelSpec& spec) const;

  Norm attention_norm;
  Linear qkv;
  Linear attention_out;
  Norm ffn_norm;
  Linear ffn_in;
  Linear ffn_down;
};

class Model {
 public:
  /// Errors: as describe_model.
  static Result<std::shared_ptr<const Model>> load(Checkpoint checkpoint, const Backend& backend);

  const ModelSpec& spec() const { return description_.spec; }
  const Backend& backend() const { return backend_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }
  const Layer& layer(int l) const { return layers_[static_cast<size_t>(l)]; }
  const Norm& final_norm() const { return final_norm_; }

  /// Logits of normed states. x: [m, d_model], out: [m, n_vocab]. The unembedding is the largest matrix and a
  /// run needs it for few positions: it is decoded a block of rows at a time and never kept.
  void unembed(ConstMatrixView x, MatrixView out) const;

  /// Token embeddings plus learned positions, where the model has them. out: [ids.size(), d_model].
  void embed(std::span<const int> ids, MatrixView out) const;

  /// Bytes of packed weights held now.
  size_t n_packed_bytes() const;

 private:
  Model(Checkpoint checkpoint, const Backend& backend)
      : checkpoint_(std::move(checkpoint)), backend_(backend) {}

  Checkpoint checkpoint_;
  const Backend& backend_;
  ModelDescription description_;
  std::deque<Layer> layers_;
  Norm final_norm_;
};

}  // namespace limpid
