// MPT: ALiBi, fused queries, keys and values that may be clipped, LayerNorm without biases.
#include <fmt/format.h>

#include "model/decoder.h"

namespace limpid {

namespace {

constexpr double kMaxBias = 8;  // the only one that Hugging Face computes

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = Activation::kGelu;
  const double max_bias =
      reader.number_or({"attn_config.alibi_bias_max", "attention.max_alibi_bias"}, kMaxBias);
  reader.refuse_if(!reader.flag_or({"attn_config.alibi", ""}, true) || max_bias == 0, "mpt without ALiBi");
  reader.refuse_if(max_bias != kMaxBias, fmt::format("mpt with a largest ALiBi exponent of {}", max_bias));
  reader.refuse_if(!reader.flag_or({"no_bias", ""}, true), "mpt with biases");
  reader.refuse({"attn_config.qk_ln", ""}, "mpt with norms over queries and keys");
  reader.refuse({"attn_config.prefix_lm", ""}, "attention in both directions over a prefix");
  spec.alibi = AlibiSpec{alibi_slopes(spec.n_head)};
  spec.attention_scale = static_cast<float>(
      reader.number_or({"attn_config.softmax_scale", ""}, static_cast<double>(spec.attention_scale)));
  spec.qkv_clip = static_cast<float>(reader.number_or({"attn_config.clip_qkv", "attention.clamp_kqv"}, 0));
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), d_kv = static_cast<size_t>(spec.d_kv());
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("norm_1", "attn_norm"), d, Bias::kNo);
  weights.qkv = reader.linear(names("attn.Wqkv", "attn_qkv"), d + 2 * d_kv, d, Bias::kNo);
  weights.attention_out = reader.linear(names("attn.out_proj", "attn_output"), d, d, Bias::kNo);
  weights.ffn_norm = reader.norm(names("norm_2", "ffn_norm"), d, Bias::kNo);
  weights.ffn = read_plain_ffn(reader, names, spec, "ffn.up_proj", "ffn.down_proj", Bias::kNo);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {"d_model|hidden_size", "n_layers|num_hidden_layers", "n_heads|num_attention_heads",
              "attn_config.kv_n_heads", "", "", "max_seq_len"},
    .defaults = {.d_model = 2048, .n_layer = 24, .n_head = 16, .n_ctx = 2048},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {"transformer.", "wte", "blocks.", "norm_f"},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_mpt;
const Family k_mpt = {
    "mpt",
    "mpt",
    "MPT 7B and 30B",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "models without ALiBi; ALiBi with a largest exponent other than 8; biases; norms over queries and "
    "keys; attention over a prefix",
    "The GELU is the exact one, as in Hugging Face; GGUF does not say. A scale of scores "
    "other than 1/sqrt(d_head) is not in GGUF files."};

}  // namespace limpid
