// How a family reads a checkpoint: configuration values and tensors, by their Hugging Face and GGUF names.
//
//   ModelReader reader(checkpoint);
//   spec.n_layer = reader.size({"num_hidden_layers", "block_count"});
//   weights.final_norm = reader.norm({"model.norm", "output_norm"}, d_model);
//   LIMPID_CHECK_OK(reader.status());
//
// The first error sticks: later reads return harmless values (0, nullptr), and status() reports what went
// wrong first. This keeps a family a flat list of what it needs.
#pragma once

#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/checkpoint.h"
#include "model/weights.h"

namespace limpid {

/// The same thing in both dialects. GGUF configuration keys are written without the architecture prefix
/// ("block_count"). An empty name: the dialect has no such thing.
struct Name {
  std::string hf;
  std::string gguf;
};

/// Whether a projection or norm has a bias.
enum class Bias {
  kAsStored,  // as the file has it
  kYes,       // must be there
  kNo,        // must not be there
};
/// From a flag of the configuration.
inline Bias bias_if(bool flag) {
  return flag ? Bias::kYes : Bias::kNo;
}

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
  /// With the default of Hugging Face's configuration class; GGUF files have none and must say.
  int size_or_hf(const Name& key, int hf_default);
  double number(const Name& key);
  double number_or(const Name& key, double fallback);
  bool flag_or(const Name& key, bool fallback);
  std::string text_or(const Name& key, std::string fallback);
  /// A list of numbers, texts or flags; empty when absent.
  std::vector<double> numbers(const Name& key);
  std::vector<std::string> texts(const Name& key);
  std::vector<bool> flags(const Name& key);
  bool has(const Name& key) const;
  /// Whether config.json has the key, and null for it. Only null stands for "none" where an absent key stands
  /// for a default.
  bool is_null(const Name& key) const;
  /// Refuses the model when the key is present (and not false).
  void refuse(const Name& key, std::string_view feature);
  /// Refuses a GGUF file with a key that changes the numbers, and of which the family has not asked until
  /// now.
  void refuse_unread_keys();
  /// Refuses the model, naming the feature, when `condition` holds.
  void refuse_if(bool condition, std::string_view feature);

  // --- tensors --------------------------------------------------------------------------------------
  /// Must exist with exactly this shape and a weight type.
  const TensorInfo* tensor(const Name& name, std::initializer_list<size_t> shape);
  /// As tensor(), but nullptr without an error when absent and not `required`.
  const TensorInfo* tensor_if(const Name& name, std::initializer_list<size_t> shape, bool required = false);
  /// Whether the checkpoint has it at all.
  bool has_tensor(const Name& name) const;
  /// Of a tensor that may be absent: then F32, and no dimensions.
  DType type_of(const Name& name) const;
  size_t n_dim(const Name& name) const;
  size_t n_tensor() const { return checkpoint_.tensors.size(); }
  /// Shape of a tensor that must exist with `n_dim` dimensions; zeros on error.
  std::span<const size_t> shape(const Name& name, size_t n_dim);

  /// Refuses tensors below `prefix` ("model.layers.3.", "blk.3.") that were not asked for: they belong to a
  /// variant of the architecture, which ignoring them would get wrong. Left-overs that never enter a
  /// computation are let pass.
  void refuse_unread_tensors(const Name& prefix);

  // --- parts; `stem` is a name without ".weight" and ".bias" ---------------------------------------------
  /// GGUF files carry no flags: Bias::kNo is read as kAsStored there.
  LinearWeights linear(const Name& stem, size_t n_out, size_t n_in, Bias bias = Bias::kAsStored);
  NormWeights norm(const Name& stem, size_t width, Bias bias = Bias::kNo);
  /// From here on, norms of Hugging Face files are read as w - 1 (Gemma); GGUF stores w.
  void norms_are_stored_less_one() { norm_offset_ = is_gguf() ? 0.0f : 1.0f; }
  /// Of "a|b", the first prefix under which a Hugging Face file has `name`; "" where it was saved without its
  /// head and has the name alone.
  std::string prefix_of(std::string_view name, std::string_view prefixes) const;

 private:
  const std::string& pick(const Name& name) const { return is_gguf() ? name.gguf : name.hf; }
  std::string key(const Name& name) const;
  template <class T, class Get>
  std::optional<T> read(const Name& name, Get get);
  template <class T>
  std::vector<T> list(const Name& name, std::string_view kind);
  const TensorInfo* bias_of(const Name& stem, size_t width, Bias bias);

  const Checkpoint& checkpoint_;
  std::set<std::string, std::less<>> read_;  // names of tensors that were asked for
  std::string prefix_;                       // GGUF: "llama."
  float norm_offset_ = 0;
  std::optional<Error> error_;
  mutable std::set<std::string> asked_;  // keys of a GGUF file
};

/// Names inside one layer: LayerNames("model.layers.", 3)("mlp.up_proj", "ffn_up") is
/// {"model.layers.3.mlp.up_proj", "blk.3.ffn_up"}.
class LayerNames {
 public:
  LayerNames(std::string_view hf_prefix, int layer);
  /// An empty part: the dialect has no such thing.
  Name operator()(std::string_view hf, std::string_view gguf) const;
  Name prefix() const { return {hf_, gguf_}; }

 private:
  std::string hf_, gguf_;
};

// --- rows, rearranged --------------------------------------------------------------------------------------
/// All rows of a stored [n_out, n_in] matrix.
LinearWeights whole(const TensorInfo* weight, const TensorInfo* bias, size_t n_out, size_t n_in,
                    bool transposed = false);
/// Rows begin, begin + stride, ... (count of them) of a projection that is one slice.
LinearWeights rows_of(const LinearWeights& linear, size_t begin, size_t count, size_t stride = 1);
/// Rows of `parts` one after another. A bias missing from some parts is zero there.
LinearWeights stack(std::span<const LinearWeights> parts);
LinearWeights stack(std::initializer_list<LinearWeights> parts);
/// Blocks of d rows, `period` blocks for each of n groups: block `which` of every group, `count` blocks long.
/// Fused [head][q, k, v]: heads' queries are grouped_rows(w, n_head, 3, d_head, 0).
LinearWeights grouped_rows(const LinearWeights& fused, size_t n_group, size_t period, size_t d, size_t which,
                           size_t count = 1);
/// Fused [head][q, k, v] as all queries, all keys, all values.
LinearWeights split_fused_heads(const LinearWeights& fused, size_t n_head, size_t d_head);
/// Rows of a GGUF query or key projection whose rotated pairs lie side by side, back in halves: per head the
/// even rows, then the odd ones.
LinearWeights unpermute(const LinearWeights& linear, size_t d_head);

}  // namespace limpid
