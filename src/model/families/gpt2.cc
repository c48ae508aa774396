// GPT-2: LayerNorm, learned positions, fused q/k/v, plain GELU FFN, biases everywhere. Hugging Face stores
// projections as [n_in, n_out] and some files lack the "transformer." prefix.
#include "model/decoder.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "activation_function", "gelu_new");
  if (!reader.flag_or({"scale_attn_weights", ""}, true)) spec.attention_scale = 1;
  if (reader.flag_or({"scale_attn_by_inverse_layer_idx", ""}, false)) {
    for (size_t l = 0; l < spec.layers.size(); ++l)
      spec.layers[l].attention_scale = 1 / static_cast<float>(l + 1);
  }
  reader.refuse({"add_cross_attention", ""}, "cross-attention");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), d_mlp = static_cast<size_t>(spec.d_mlp);
  const auto linear = [&](const char* hf, const char* gguf, size_t n_out, size_t n_in) {
    const Name stem = names(hf, gguf);
    if (reader.is_gguf()) return reader.linear(stem, n_out, n_in, Bias::kYes);
    return whole(reader.tensor({stem.hf + ".weight", ""}, {n_in, n_out}),
                 reader.tensor({stem.hf + ".bias", ""}, {n_out}), n_out, n_in, true);
  };
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("ln_1", "attn_norm"), d, Bias::kYes);
  weights.qkv = linear("attn.c_attn", "attn_qkv", 3 * d, d);
  weights.attention_out = linear("attn.c_proj", "attn_output", d, d);
  weights.ffn_norm = reader.norm(names("ln_2", "ffn_norm"), d, Bias::kYes);
  weights.ffn = {linear("mlp.c_fc", "ffn_up", d_mlp, d), linear("mlp.c_proj", "ffn_down", d, d_mlp)};
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

extern const Family k_gpt2;
const Family k_gpt2 = {"gpt2", "gpt2", "GPT-2 in all sizes, DistilGPT-2, DialoGPT",
                       [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                       "cross-attention"};

}  // namespace limpid
