// What a decoder is, as data: enough to run it and to explain it, nothing of where its bytes come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ops.h"

namespace limpid {

/// Rotary position embedding.
struct RopeSpec {
  /// Angle of pair i at position p is p * inverse_frequency[i]; scaling is already in it. n_rot/2 entries.
  std::vector<float> inverse_frequency;
};

struct ModelSpec {
  std::string family;  // "llama"
  int n_layer = 0;
  int n_head = 0;
  int n_kv_head = 0;  // divides n_head; query head h reads key/value head h / (n_head / n_kv_head)
  int d_model = 0;
  int d_head = 0;
  int d_mlp = 0;
  int n_ctx = 0;
  int n_vocab = 0;

  NormKind norm = NormKind::kRms;
  float norm_eps = 0;
  Activation activation = Activation::kSilu;
  bool gated_ffn = false;        // ffn: f(gate) * up, else f(up)
  float attention_scale = 0;     // multiplies q . k
  std::optional<RopeSpec> rope;  // absent: a learned position embedding is added to the token's

  int d_query() const { return n_head * d_head; }
  int d_kv() const { return n_kv_head * d_head; }
};

}  // namespace limpid
