// OLMo 1: Llama's block with LayerNorm that has no weights; queries, keys and values may be clipped.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.qkv_clip = static_cast<float>(reader.number_or({"clip_qkv", "attention.clamp_kqv"}, 0));
  spec.ropes = {read_rope(reader, spec.d_head, spec.n_ctx)};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights;
  weights.attention_norm = weights.ffn_norm = NormWeights{d, {}, {}, 0};
  read_attention(reader, names, spec, bias, bias, true, weights);
  weights.ffn = read_gated_ffn(reader, names, d, static_cast<size_t>(spec.d_mlp));
  return weights;
}

constexpr DecoderPlan kPlan = {
    .norm = NormKind::kLayer,
    .norm_eps_key = "",
    .norm_eps = 1e-5,
    .frame = {.final_norm = ""},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_olmo;
const Family k_olmo = {"olmo", "olmo", "OLMo 1B and 7B, 2024",
                       [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); }};

}  // namespace limpid
