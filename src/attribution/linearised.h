// A run as a linear map around itself, what of it all layers share: norms keep the scales, activations the
// ratios, and routers the gates that they have in the run (docs/method.md, "Target-aware scores").
#pragma once

#include <vector>

#include "forward/model.h"
#include "forward/recompute.h"
#include "forward/trace.h"

namespace limpid {

class Linearised {
 public:
  /// Of the first n_tok tokens of the trace. Model and trace must outlive this object.
  Linearised(const Model& model, const Trace& trace, size_t n_tok);

  const Model& model() const { return model_; }
  const Trace& trace() const { return trace_; }
  const ModelSpec& spec() const { return model_.spec(); }
  const Layer& layer(int l) const { return model_.layer(l); }
  size_t n_tok() const { return n_tok_; }
  /// States, [n_tok, d_model].
  ConstMatrixView resid_pre(int l) const { return trace_.resid_pre(l).slice_rows(0, n_tok_); }
  ConstMatrixView resid_mid(int l) const { return trace_.layer(l).resid_mid.view().slice_rows(0, n_tok_); }
  ConstMatrixView ffn_input(int l) const { return trace_.ffn_input(l).slice_rows(0, n_tok_); }
  AttentionInputs attention_inputs(int l) const;
  /// Turns queries and keys of layer l by their positions, or `back`; nothing where it has no rotary
  /// positions. qkv: [n_tok, d_query + 2 d_kv]
  void rotate(int l, bool back, MatrixView qkv) const;

 private:
  struct Angles {
    Rotation rotation;
    Matrix sin_back;  // of the opposite angles
  };

  const Model& model_;
  const Trace& trace_;
  size_t n_tok_;
  std::vector<Angles> angles_;  // one for each of ModelSpec::ropes
};

}  // namespace limpid
