// How a family reads a checkpoint: configuration values and tensors, by their Hugging Face and GGUF names.
//
//   ModelReader reader(checkpoint);
//   spec.n_layer = reader.size({"num_hidden_layers", "block_count"});
//   const TensorInfo* w = reader.tensor({"model.norm.weight", "output_norm.weight"}, {d_model});
//   LIMPID_CHECK_OK(reader.status());
//
// The first error sticks: later reads return harmless values (0, nullptr), and status() reports what went
// wrong first. This keeps a family a flat list of what it needs.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "checkpoint/checkpoint.h"
#include "model/weights.h"

namespace limpid {

/// The same thing in both dialects. GGUF configuration keys are written without the architecture prefix
/// ("block_count"). An empty name: the dialect has no such thing.
struct Name {
  std::string hf;
  std::string gguf;
};

class ModelReader {
 public:
  explicit ModelReader(const Checkpoint& checkpoint);

  bool is_gguf() const { return checkpoint_.dialect == Dialect::kGguf; }
  Status status() const;
  /// Records an error unless one is recorded already.
  void set_error(ErrorCode code, std::string message, std::string hint = {});

  // --- configuration; the forms with a default allow the key to be absent --------------------------
  /// An integer in [1, 2^31).
  int size(const Name& key);
  int size_or(const Name& key, int fallback);
  double number(const Name& key);
  double number_or(const Name& key, double fallback);
  bool flag_or(const Name& key, bool fallback);
  std::string text_or(const Name& key, std::string fallback);
  bool has(const Name& key) const;
  /// Refuses the model when the key is present (and not false).
  void refuse(const Name& key, std::string_view feature);

  // --- tensors --------------------------------------------------------------------------------------
  /// Must exist with exactly this shape and a weight type.
  const TensorInfo* tensor(const Name& name, std::initializer_list<size_t> shape);
  /// As tensor(), but nullptr without an error when absent and not `required`.
  const TensorInfo* tensor_if(const Name& name, std::initializer_list<size_t> shape, bool required = false);
  /// Whether the checkpoint has it at all.
  bool has_tensor(const Name& name) const;
  /// Shape of a tensor that must exist with `n_dim` dimensions; zeros on error.
  std::span<const size_t> shape(const Name& name, size_t n_dim);

 private:
  const std::string& pick(const Name& name) const { return is_gguf() ? name.gguf : name.hf; }
  std::string key(const Name& name) const;
  template <class T, class Get>
  std::optional<T> read(const Name& name, Get get);

  const Checkpoint& checkpoint_;
  std::string prefix_;  // GGUF: "llama."
  std::optional<Error> error_;
};

/// "model.layers.3.mlp.up_proj.weight": the name of layer 3, from a pattern with one `{}`.
std::string layer_name(std::string_view pattern, int layer);

/// All rows of a stored [n_out, n_in] matrix.
LinearWeights whole(const TensorInfo* weight, const TensorInfo* bias, size_t n_out, size_t n_in,
                    bool transposed = false);
/// Rows of `parts` one after another. A bias missing from some parts is zero there.
LinearWeights stack(std::initializer_list<LinearWeights> parts);

}  // namespace limpid
