// StableLM 2 and 3B: Llama's block with LayerNorm and partly rotated heads; an option runs attention and FFN
// side by side, another norms each head's queries and keys with weights of its own.
#include <fmt/format.h>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

bool is_parallel(ModelReader& reader) {
  // GGUF's flag is not reliable: the norm before the FFN is what parallel blocks lack.
  return reader.is_gguf() ? !reader.has_tensor({"", "blk.0.ffn_norm.weight"})
                          : reader.flag_or({"use_parallel_residual", ""}, false);
}

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.parallel_blocks = is_parallel(reader);
  const bool has_norms = reader.is_gguf() ? reader.has_tensor({"", "blk.0.attn_q_norm.weight"})
                                          : reader.flag_or({"qk_layernorm", ""}, false);
  if (has_norms) spec.qk_norm = QkNorm::kEachHead;
  spec.ropes = {
      read_rope(reader, read_n_rot(reader, "partial_rotary_factor", 0.25, spec.d_head), spec.n_ctx)};
}

/// A norm for each head: tensors of their own, or one of all heads in GGUF.
NormWeights read_head_norms(ModelReader& reader, const LayerNames& names, const char* hf, const char* gguf,
                            int n_head, int d_head) {
  const auto n = static_cast<size_t>(n_head), d = static_cast<size_t>(d_head);
  NormWeights norm{n * d, {}, {}, 0};
  if (reader.is_gguf()) {
    norm.weight.push_back({reader.tensor(names("", fmt::format("{}.weight", gguf)), {n, d}), 0, n * d, 1});
    return norm;
  }
  for (int h = 0; h < n_head; ++h) {
    const Name name = names(fmt::format("self_attn.{}.norms.{}.weight", hf, h), "");
    norm.weight.push_back({reader.tensor(name, {d}), 0, d, 1});
  }
  return norm;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kYes);
  read_attention(reader, names, spec, bias_if(reader.flag_or({"use_qkv_bias", ""}, false)), Bias::kNo, false,
                 weights);
  if (spec.qk_norm == QkNorm::kEachHead) {
    weights.q_norm = read_head_norms(reader, names, "q_layernorm", "attn_q_norm", spec.n_head, spec.d_head);
    weights.k_norm =
        read_head_norms(reader, names, "k_layernorm", "attn_k_norm", spec.n_kv_head, spec.d_head);
  }
  weights.ffn_norm = spec.parallel_blocks
                         ? weights.attention_norm
                         : reader.norm(names("post_attention_layernorm", "ffn_norm"), d, Bias::kYes);
  weights.ffn = read_gated_ffn(reader, names, d, static_cast<size_t>(spec.d_mlp));
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2560, .n_layer = 32, .n_head = 32, .n_ctx = 4096, .d_mlp = 6912, .n_kv_head = 32},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_eps",
    .norm_eps = 1e-5,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_stablelm;
const Family k_stablelm = {
    "stablelm",
    "stablelm",
    "StableLM 3B, StableLM 2 1.6B and 12B, StableCode",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "",
    "GGUF files say by their tensors whether blocks are side by side: then they have no ffn_norm."};

}  // namespace limpid
