// Llama 1, 2, 3 and what copies its block: RMSNorm, rotary positions, grouped heads, gated SiLU FFN.
//
// GGUF stores each head's query and key rows with the two halves of every rotated pair side by side; reading
// undoes that, so that both dialects run the same arithmetic in the same order. GGUF files of this
// architecture may be Mistral or hold Mixtral's experts.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_whole_rope(reader, spec)};
  if (reader.is_gguf()) read_window(reader, spec);  // Mistral's
  const int n_expert = reader.size_or({"", "expert_count"}, 0);
  if (n_expert > 0) spec.moe = MoeSpec{n_expert, reader.size({"", "expert_used_count"}), spec.d_mlp, 0, true};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias attention_bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  if (!spec.moe) {
    return read_llama_layer(reader, spec, names, attention_bias, attention_bias,
                            bias_if(reader.flag_or({"mlp_bias", ""}, false)), true);
  }
  const auto d = static_cast<size_t>(spec.d_model), n_expert = static_cast<size_t>(spec.moe->n_expert);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("", "attn_norm"), d);
  read_attention(reader, names, spec, attention_bias, attention_bias, true, weights);
  weights.ffn_norm = reader.norm(names("", "ffn_norm"), d);
  weights.moe = MoeWeights{
      reader.linear(names("", "ffn_gate_inp"), n_expert, d), read_experts(reader, names, spec, {""}), {}, {}};
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 2048, .d_mlp = 11008},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_llama;
const Family k_llama = {"llama",
                        "llama",
                        "Llama 1-3, SmolLM2, TinyLlama, Yi, CodeLlama, Vicuna; GGUF: Mistral, Mixtral",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                        "",
                        "GGUF calls Mistral and Mixtral llama too. It does not store Mistral's window: a "
                        "GGUF file of Mistral attends to everything, as in llama.cpp, and differs from "
                        "Hugging Face beyond the window (4096 tokens in 7B v0.1)."};

}  // namespace limpid
