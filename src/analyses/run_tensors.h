// The tensors of one run by name, for those who write them to a file or hold them against another's.
//
// Names (T tokens, H heads, V vocabulary, d = d_model, N neurons, l a layer):
//   logits [T,V], resid_pre.l resid_mid.l resid_post.l attention_out.l ffn_out.l [T,d], attention.l [H,T,T],
//   contribution.attention.l [T query, T key, H], contribution.attention_residual.l
//   contribution.attention_bias.l contribution.ffn.l contribution.ffn_residual.l [T],
//   contribution.neuron.l [T,N], contribution.neuron_residual.l [T]
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// Takes the next values of a tensor.
using TakeValues = std::function<Status(std::span<const float> values)>;

struct RunTensor {
  std::string kind;  // the name without the layer
  int layer = -1;    // -1: logits
  std::vector<size_t> shape;
  size_t n_per_position = 1;  // consecutive values that belong to one position
  /// Calls `take` with all values, in order and in pieces. Fails as `take` does.
  std::function<Status(const TakeValues& take)> produce;

  std::string name() const { return layer < 0 ? kind : kind + "." + std::to_string(layer); }
  size_t n_element() const;
  /// The token that a value belongs to; of attention the query.
  size_t position(size_t element) const { return element / n_per_position % n_tok; }
  size_t n_tok = 0;
};

/// In the order in which they are cheapest: layer by layer, one layer's contributions in memory at a time.
class RunTensors {
 public:
  /// Both must outlive this object. The trace must have its block outputs.
  RunTensors(const Model& model, const Trace& trace);
  ~RunTensors();
  RunTensors(const RunTensors&) = delete;
  RunTensors& operator=(const RunTensors&) = delete;

  const std::vector<RunTensor>& tensors() const { return tensors_; }

 private:
  struct Importance;  // of the layer that was asked for last

  void add(std::string kind, int layer, std::vector<size_t> shape, size_t n_per_position,
           std::function<Status(const TakeValues&)> produce);
  void add_state(std::string kind, int layer, ConstMatrixView state);
  void add_states(int layer);
  void add_attention_contributions(int layer);
  void add_ffn_contributions(int layer);
  Importance& importance(int layer);
  Status produce_logits(const TakeValues& take) const;
  Status produce_attention(int layer, const TakeValues& take) const;

  const Model& model_;
  const Trace& trace_;
  std::vector<int> positions_;  // all
  std::vector<RunTensor> tensors_;
  std::unique_ptr<Importance> importance_;
};

}  // namespace limpid
