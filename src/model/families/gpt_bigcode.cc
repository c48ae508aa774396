// GPT BigCode: GPT-2 with one key/value head for all (multi-query), or fused [head][q, k, v].
#include "model/decoder.h"

namespace limpid {

namespace {

bool is_multi_query(ModelReader& reader) {
  return reader.flag_or({"multi_query", ""}, true);
}

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "activation_function", "gelu_pytorch_tanh");
  if (is_multi_query(reader)) spec.n_kv_head = 1;
  if (!reader.flag_or({"scale_attn_weights", ""}, true)) spec.attention_scale = 1;
  reader.refuse({"add_cross_attention", ""}, "cross-attention");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), d_kv = static_cast<size_t>(spec.d_kv()),
             n_head = static_cast<size_t>(spec.n_head), d_head = static_cast<size_t>(spec.d_head);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("ln_1", "attn_norm"), d, Bias::kYes);
  weights.qkv = reader.linear(names("attn.c_attn", "attn_qkv"), d + 2 * d_kv, d, Bias::kYes);
  if (!is_multi_query(reader)) weights.qkv = split_fused_heads(weights.qkv, n_head, d_head);
  weights.attention_out = reader.linear(names("attn.c_proj", "attn_output"), d, d, Bias::kYes);
  weights.ffn_norm = reader.norm(names("ln_2", "ffn_norm"), d, Bias::kYes);
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.c_fc", "mlp.c_proj", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {"n_embd|hidden_size", "n_layer|num_hidden_layers", "n_head|num_attention_heads", "", "",
              "n_inner", "n_positions|max_position_embeddings"},
    .defaults = {.d_model = 768, .n_layer = 12, .n_head = 12, .n_ctx = 1024},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {"transformer.", "wte", "h.", "ln_f", "lm_head", "wpe"},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gpt_bigcode;
const Family k_gpt_bigcode = {
    "gpt_bigcode",
    "starcoder",
    "StarCoder, SantaCoder, TinyStarCoder",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "cross-attention",
    "GGUF has models with one key/value head only."};

}  // namespace limpid
