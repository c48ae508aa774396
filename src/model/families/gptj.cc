// GPT-J: attention and FFN side by side behind one LayerNorm, neighbouring coordinates rotated together,
// biases on FFN and output matrix.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "activation_function", "gelu_new");
  spec.parallel_blocks = true;
  const Name n_rot = {"rotary_dim", ""};
  spec.ropes = {plain_rope(reader, 10000, reader.size_or(n_rot, reader.is_null(n_rot) ? spec.d_model : 64))};
  spec.ropes.front().pairs = RopePairs::kInterleaved;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("ln_1", ""), static_cast<size_t>(spec.d_model), Bias::kYes);
  weights.ffn_norm = weights.attention_norm;
  read_attention(reader, names, spec, Bias::kNo, Bias::kNo, false, weights,
                 {"attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.out_proj"});
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.fc_in", "mlp.fc_out", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {"n_embd|hidden_size", "n_layer|num_hidden_layers", "n_head|num_attention_heads", "", "",
              "n_inner", "n_positions|max_position_embeddings"},
    .defaults = {.d_model = 4096, .n_layer = 28, .n_head = 16, .n_ctx = 2048},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {"transformer.", "wte", "h.", "ln_f"},
    .head_bias = Bias::kYes,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gptj;
const Family k_gptj = {
    "gptj",     "",
    "GPT-J 6B", [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "",         "llama.cpp has no such architecture."};

}  // namespace limpid
