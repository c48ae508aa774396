// What a decoder is, as data: enough to run it and to explain it, nothing of where its bytes come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ops.h"

namespace limpid {

/// Rotary position embedding. Angle of pair i at position p is p * f[i], with scaling already in f.
struct RopeSpec {
  std::vector<float> inverse_frequency;  // f, n_rot/2 entries
  float magnitude = 1;                   // multiplies cos and sin (YaRN, longrope)
  RopePairs pairs = RopePairs::kHalves;

  /// Prompts of more than `n_short` tokens take other frequencies: fixed ones (longrope), or, where there are
  /// none, those of a base that grows with the prompt (dynamic).
  struct Long {
    int n_short = 0;
    std::vector<float> inverse_frequency;
    double theta = 0, factor = 1;
  };
  std::optional<Long> beyond;
};

/// Attention scores get slope[head] * key position.
struct AlibiSpec {
  std::vector<float> slope;  // [n_head]
  float scale = 1;           // of what is added
  bool in_bf16 = false;      // slope, position and their product are rounded to bfloat16 (Falcon)
};

/// Which heads share the weights of a norm over queries or keys.
enum class QkNorm : uint8_t {
  kNone,
  kSharedByHeads,  // every head is normalised alone, weights [d_head]
  kEachHead,       // every head is normalised alone, weights [n_head * d_head]
  kFullWidth,      // all heads together, weights [n_head * d_head]
};

/// A mixture of experts: softmax over all experts, of which the largest few are used.
struct MoeSpec {
  int n_expert = 0;
  int n_expert_used = 0;
  int d_expert = 0;          // d_mlp of one expert
  int d_shared = 0;          // d_mlp of the expert that every token uses; 0: none
  bool renormalize = false;  // the chosen experts' probabilities are divided by their sum
};

struct LayerSpec {
  int window = 0;  // keys in reach of a query, its own included; 0: all
  int rope = 0;    // which of ModelSpec::ropes; kNoRope: none
};
constexpr int kNoRope = -1;

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
  bool gated_ffn = false;  // ffn: f(gate) * up, else f(up)
  bool parallel_blocks =
      false;                   // the FFN reads the state before attention; resid_mid is defined all the same
  std::optional<MoeSpec> moe;  // of the layers that have experts

  float attention_scale = 0;    // multiplies q . k
  float attention_softcap = 0;  // scores become cap * tanh(score / cap); 0: none
  float qkv_clip = 0;           // queries, keys and values are clipped to [-clip, clip]; 0: not
  QkNorm qk_norm = QkNorm::kNone;
  std::vector<RopeSpec> ropes;  // empty: positions are learned, or ALiBi's
  std::optional<AlibiSpec> alibi;
  std::vector<LayerSpec> layers;  // n_layer

  int position_offset = 0;  // of the first token, in the table of learned positions
  float embedding_scale = 1;
  float residual_multiplier = 1;  // of what attention and FFN add to the stream
  float logit_scale = 1;
  float logit_softcap = 0;  // after the scale; 0: none

  int d_query() const { return n_head * d_head; }
  int d_kv() const { return n_kv_head * d_head; }
  /// nullptr where the layer has no rotary positions.
  const RopeSpec* rope(int layer) const {
    const int index = ropes.empty() ? kNoRope : layers[static_cast<size_t>(layer)].rope;
    return index == kNoRope ? nullptr : &ropes[static_cast<size_t>(index)];
  }
};

}  // namespace limpid
