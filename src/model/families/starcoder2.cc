// StarCoder 2: grouped heads and rotary positions with GPT-2's LayerNorm and FFN, biases everywhere, a
// window.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "gelu_pytorch_tanh");
  spec.ropes = {read_whole_rope(reader, spec)};
  read_window(reader, spec);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  const Bias bias = bias_if(reader.flag_or({"use_bias", ""}, true));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kYes);
  read_attention(reader, names, spec, bias, bias, false, weights);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d, Bias::kYes);
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.c_fc", "mlp.c_proj", bias);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 3072, .n_layer = 30, .n_head = 24, .n_ctx = 4096, .d_mlp = 12288, .n_kv_head = 2},
    .norm = NormKind::kLayer,
    .norm_eps_key = "norm_epsilon",
    .norm_eps = 1e-5,
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_starcoder2;
const Family k_starcoder2 = {"starcoder2",
                             "starcoder2",
                             "StarCoder 2",
                             [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                             "",
                             "GGUF files lack the window and attend to everything."};

}  // namespace limpid
