// BLOOM: GPT-2's block with ALiBi and a norm behind the embedding; fused [head][q, k, v].
#include "model/decoder.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = Activation::kGeluTanh;
  spec.alibi = AlibiSpec{alibi_slopes(spec.n_head)};
  reader.refuse({"apply_residual_connection_post_layernorm", ""}, "a residual stream taken behind the norm");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), n_head = static_cast<size_t>(spec.n_head),
             d_head = static_cast<size_t>(spec.d_head);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kYes);
  weights.qkv = reader.linear(names("self_attention.query_key_value", "attn_qkv"), 3 * d, d, Bias::kYes);
  if (!reader.is_gguf()) weights.qkv = split_fused_heads(weights.qkv, n_head, d_head);
  weights.attention_out = reader.linear(names("self_attention.dense", "attn_output"), d, d, Bias::kYes);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d, Bias::kYes);
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.dense_h_to_4h", "mlp.dense_4h_to_h", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {.d_model = "n_embed|hidden_size",
              .n_layer = "n_layer|num_hidden_layers",
              .n_head = "n_head|num_attention_heads",
              .n_kv_head = "",
              .d_head = "",
              .d_mlp = "",
              .n_ctx = "seq_length"},
    .defaults = {.d_model = 64, .n_layer = 2, .n_head = 8, .n_ctx = 2048},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {.prefix = "transformer.",
              .embedding = "word_embeddings",
              .layers = "h.",
              .final_norm = "ln_f",
              .embedding_norm = "word_embeddings_layernorm"},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_bloom;
const Family k_bloom = {"bloom",
                        "bloom",
                        "BLOOM, BLOOMZ",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                        "a residual stream taken behind the norm",
                        "ALiBi's largest exponent of 8 is not in GGUF files; it is the family's."};

}  // namespace limpid
