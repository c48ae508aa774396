// GPT-NeoX and Pythia: partly rotated heads, fused [head][q, k, v], biases everywhere; attention and FFN side
// by side (each behind its own norm) or one after the other.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "gelu");
  spec.parallel_blocks = reader.flag_or({"use_parallel_residual", "use_parallel_residual"}, true);
  spec.ropes = {read_rope(reader, read_n_rot(reader, "rotary_pct", 0.25, spec.d_head), spec.n_ctx,
                          {.theta_key = "rotary_emb_base"})};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), n_head = static_cast<size_t>(spec.n_head),
             d_head = static_cast<size_t>(spec.d_head);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, true));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kYes);
  weights.qkv = reader.linear(names("attention.query_key_value", "attn_qkv"), 3 * d, d, bias);
  if (!reader.is_gguf()) weights.qkv = split_fused_heads(weights.qkv, n_head, d_head);
  weights.attention_out = reader.linear(names("attention.dense", "attn_output"), d, d, bias);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d, Bias::kYes);
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.dense_h_to_4h", "mlp.dense_4h_to_h", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {.n_kv_head = "", .d_head = ""},
    .defaults = {.d_model = 6144, .n_layer = 44, .n_head = 64, .n_ctx = 2048, .d_mlp = 24576},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_eps",
    .norm_eps = 1e-5,
    .frame = {"gpt_neox.", "embed_in", "layers.", "final_layer_norm", "embed_out"},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gpt_neox;
const Family k_gpt_neox = {"gpt_neox",
                           "gptneox",
                           "GPT-NeoX 20B, Pythia, Dolly 2",
                           [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                           "",
                           "The GELU is the exact one, as in Hugging Face; llama.cpp takes the tanh form. "
                           "GGUF has no rotary base: 10000."};

}  // namespace limpid
