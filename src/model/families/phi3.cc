// Phi 3 and 4: Llama's block with fused projections; longrope for long contexts.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_rope(reader, read_n_rot(reader, "partial_rotary_factor", 1, spec.d_head), spec.n_ctx,
                          {.n_original = 4096})};
  read_window(reader, spec);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), d_query = static_cast<size_t>(spec.d_query()),
             d_kv = static_cast<size_t>(spec.d_kv()), d_mlp = static_cast<size_t>(spec.d_mlp);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  weights.qkv = reader.linear(names("self_attn.qkv_proj", "attn_qkv"), d_query + 2 * d_kv, d, Bias::kNo);
  weights.attention_out = reader.linear(names("self_attn.o_proj", "attn_output"), d, d_query, Bias::kNo);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d);
  weights.ffn = {reader.linear(names("mlp.gate_up_proj", "ffn_up"), 2 * d_mlp, d, Bias::kNo),
                 reader.linear(names("mlp.down_proj", "ffn_down"), d, d_mlp, Bias::kNo)};
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 3072, .n_layer = 32, .n_head = 32, .n_ctx = 4096, .d_mlp = 8192},
    .norm_eps = 1e-5,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_phi3;
const Family k_phi3 = {"phi3",
                       "phi3",
                       "Phi 3, 3.5 and 4, mini and medium",
                       [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                       "",
                       "The window counts in all layers, as in Hugging Face; llama.cpp ignores it. Longrope "
                       "takes the long factors for prompts beyond the original context, as Hugging Face "
                       "does; llama.cpp goes by the size of its context."};

}  // namespace limpid
