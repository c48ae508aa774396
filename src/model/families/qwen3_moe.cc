// Qwen 3 with experts.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.qk_norm = QkNorm::kSharedByHeads;
  spec.ropes = {read_whole_rope(reader, spec)};
  // GGUF files do not say whether the chosen probabilities are divided by their sum; all models do.
  spec.moe = MoeSpec{reader.size_or_hf({"num_experts", "expert_count"}, 128),
                     reader.size_or_hf({"num_experts_per_tok", "expert_used_count"}, 8),
                     reader.size_or_hf({"moe_intermediate_size", "expert_feed_forward_length"}, 768), 0,
                     reader.flag_or({"norm_topk_prob", ""}, reader.is_gguf())};
  // All layers slide, whatever `max_window_layers` says.
  const int window = read_optional_window(reader, 4096);
  if (window > 0) set_windows(spec, window, std::vector<bool>(spec.layers.size(), true));
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int layer) {
  const auto d = static_cast<size_t>(spec.d_model), d_mlp = static_cast<size_t>(spec.d_mlp),
             n_expert = static_cast<size_t>(spec.moe->n_expert);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  read_attention(reader, names, spec, bias, bias, false, weights);
  read_qk_norms(reader, names, spec, weights);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d);
  if (is_dense_layer(reader, layer)) {
    weights.ffn = read_gated_ffn(reader, names, d, d_mlp);
  } else {
    weights.moe = MoeWeights{reader.linear(names("mlp.gate", "ffn_gate_inp"), n_expert, d, Bias::kNo),
                             read_experts(reader, names, spec, {"mlp.experts"}),
                             {},
                             {}};
  }
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2048, .n_layer = 24, .n_head = 32, .n_ctx = 32768, .d_mlp = 6144, .n_kv_head = 4},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_qwen3_moe;
const Family k_qwen3_moe = {"qwen3_moe",
                            "qwen3moe",
                            "Qwen3-30B-A3B, Qwen3-235B-A22B, Qwen3-Coder",
                            [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                            "",
                            "Layers without experts, and the window, are as in qwen2_moe. In GGUF files the "
                            "gates chosen are divided by their sum."};

}  // namespace limpid
