// A model ready to run: its description, and its weights decoded and packed for a backend on first use.
//
// Thread-safe: requests on one Model run side by side. Holds its checkpoint.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "limpid/run_control.h"

#include "base/matrix.h"
#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "forward/decode.h"
#include "forward/weight_budget.h"
#include "kernels/kernels.h"
#include "model/family.h"

namespace limpid {

/// A projection of one layer. Packed when first asked for, and kept where the budget of the model has room
/// for it; else packed anew by each use and dropped after it.
class Linear {
 public:
  Linear(const LinearWeights& weights, const Backend& backend, WeightBudget& budget)
      : weights_(weights), backend_(backend), budget_(budget) {}

  std::shared_ptr<const PackedMatrix> packed() const;
  /// W^T, [n_in, n_out], for products with W itself, as gradients take; kept as packed() is, apart from it.
  std::shared_ptr<const PackedMatrix> packed_transposed() const;
  /// Packs it ahead of its use. False where the budget has no room for it.
  bool keep() const;
  /// [n_out], zeros where the checkpoint has none.
  std::span<const float> bias() const;
  bool has_bias() const { return !weights_.bias.empty(); }
  /// [n_out], or empty.
  std::span<const float> bias_if_any() const { return has_bias() ? bias() : std::span<const float>(); }
  /// Drops the packed forms that were kept. A run that uses one now keeps it until done.
  void release() const;
  size_t n_out() const { return weights_.n_out; }
  size_t n_in() const { return weights_.n_in; }
  Precision precision() const { return weight_precision(weights_); }
  /// Decodes the whole matrix, [n_out, n_in].
  Matrix decode() const;

 private:
  using Packed = std::shared_ptr<const PackedMatrix>;
  Packed pack() const;
  Packed pack_transposed() const;
  /// What is kept, or what `make` does, which then is kept where there is room.
  Packed keep_or_pack(Packed& kept, Packed (Linear::*make)() const) const;

  const LinearWeights& weights_;
  const Backend& backend_;
  WeightBudget& budget_;
  mutable std::mutex pack_mutex_;
  mutable Packed packed_, packed_transposed_;
  mutable std::once_flag bias_once_;
  mutable std::vector<float> bias_;
};

struct Norm {
  std::vector<float> weight;  // [width]
  std::vector<float> bias;    // [width], or empty
};

struct Ffn {
  Ffn(const FfnWeights& weights, const Backend& backend, WeightBudget& budget)
      : in(weights.in, backend, budget), down(weights.down, backend, budget) {}
  size_t d_mlp() const { return down.n_in(); }

  Linear in;    // [d_mlp, d_model]; gated: [2 d_mlp, d_model], gate then up
  Linear down;  // [d_model, d_mlp]
};

struct Moe {
  Moe(const MoeWeights& weights, const Backend& backend, WeightBudget& budget);

  Linear router;  // [n_expert, d_model]
  std::deque<Ffn> experts;
  std::optional<Ffn> shared;
  std::optional<Linear> shared_gate;  // [1, d_model]
};

struct Layer {
  Layer(const LayerWeights& weights, const Backend& backend, WeightBudget& budget);

  /// b_V of every query head, [d_query]; empty when the model has none.
  std::vector<float> value_bias(const ModelSpec& spec) const;
  /// Calls use(projection) for every one, in the order of their use.
  template <class Use>
  void for_each_linear(const Use& use) const;

  std::optional<Norm> attention_norm;
  Linear qkv;
  std::optional<Norm> q_norm, k_norm;
  std::vector<float> sinks;  // [n_head], or empty
  Linear attention_out;
  std::optional<Norm> attention_post_norm;
  std::optional<Norm> ffn_norm;
  std::optional<Ffn> ffn;  // this or
  std::optional<Moe> moe;  // this
  std::optional<Norm> ffn_post_norm;
};

template <class Use>
void Layer::for_each_linear(const Use& use) const {
  const auto use_ffn = [&use](const Ffn& f) {
    use(f.in);
    use(f.down);
  };
  use(qkv);
  use(attention_out);
  if (ffn) use_ffn(*ffn);
  if (!moe) return;
  use(moe->router);
  for (const Ffn& expert : moe->experts) use_ffn(expert);
  if (moe->shared) use_ffn(*moe->shared);
  if (moe->shared_gate) use(*moe->shared_gate);
}

class Model {
 public:
  /// Errors: as describe_model.
  static Result<std::shared_ptr<const Model>> load(Checkpoint checkpoint, const Backend& backend);

  const ModelSpec& spec() const { return description_.spec; }
  const ModelDescription& description() const { return description_; }
  const Backend& backend() const { return backend_; }
  const Checkpoint& checkpoint() const { return checkpoint_; }
  const Layer& layer(int l) const { return layers_[static_cast<size_t>(l)]; }
  const Norm& final_norm() const { return final_norm_; }

  /// Logits of normed states, scale and cap included. x: [m, d_model], out: [m, n_vocab]. The unembedding is
  /// the largest matrix and a run needs it for few positions: it is decoded a block of rows at a time and
  /// never kept.
  void unembed(ConstMatrixView x, MatrixView out) const { project(x, true, out); }
  /// What parts of a normed state add to the logits: as unembed, without bias and cap, so that it is linear.
  void unembed_parts(ConstMatrixView parts, MatrixView out) const { project(parts, false, out); }
  /// The vector whose product with a part is what the part adds to the logit of one token. [d_model]
  std::vector<float> unembed_direction(int id) const;
  /// What is added to that token's logit whatever the state. 0 without bias.
  float unembed_bias(int id) const;

  /// What enters the first layer: token embeddings, scaled and normed and with learned positions added, where
  /// the model has these. `first`: position of the first id. out: [ids.size(), d_model].
  void embed(std::span<const int> ids, size_t first, MatrixView out) const;

  /// Bytes of packed weights held now.
  size_t n_packed_bytes() const { return budget_.used(); }
  /// Limits them, beside the one matrix in use, from now on; drops those of the last layers where more is
  /// held.
  void limit_packed_bytes(size_t limit) const;
  /// Decodes and packs ahead what runs would on their first use, as far as the limit has room. Reports the
  /// stage "decoding weights". Errors: kCancelled; what is packed by then stays.
  Status pack_ahead(const RunControl& control) const;

 private:
  Model(Checkpoint checkpoint, const Backend& backend)
      : checkpoint_(std::move(checkpoint)), backend_(backend) {}

  void project(ConstMatrixView x, bool whole, MatrixView out) const;

  Checkpoint checkpoint_;
  const Backend& backend_;
  ModelDescription description_;
  mutable WeightBudget budget_;
  std::deque<Layer> layers_;
  std::optional<Norm> embedding_norm_;
  Norm final_norm_;
};

}  // namespace limpid
