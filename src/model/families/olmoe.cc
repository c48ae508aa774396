// OLMoE: experts behind norms over all queries and all keys together.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.qk_norm = QkNorm::kFullWidth;
  spec.qkv_clip = static_cast<float>(reader.number_or({"clip_qkv", "attention.clamp_kqv"}, 0));
  spec.ropes = {read_whole_rope(reader, spec)};
  spec.moe = MoeSpec{reader.size_or_hf({"num_experts", "expert_count"}, 64),
                     reader.size_or_hf({"num_experts_per_tok", "expert_used_count"}, 8), spec.d_mlp, 0,
                     reader.flag_or({"norm_topk_prob", ""}, false)};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), n_expert = static_cast<size_t>(spec.moe->n_expert);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  read_attention(reader, names, spec, bias, bias, false, weights);
  read_qk_norms(reader, names, spec, weights);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d);
  weights.moe = MoeWeights{reader.linear(names("mlp.gate", "ffn_gate_inp"), n_expert, d, Bias::kNo),
                           read_experts(reader, names, spec, {"mlp.experts"}),
                           {},
                           {}};
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2048, .n_layer = 16, .n_head = 16, .n_ctx = 4096, .d_mlp = 2048},
    .norm_eps = 1e-5,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_olmoe;
const Family k_olmoe = {"olmoe",
                        "olmoe",
                        "OLMoE 1B-7B",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                        "",
                        "Clipping of queries, keys and values is not in GGUF files."};

}  // namespace limpid
