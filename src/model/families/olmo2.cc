// OLMo 2: blocks read the state itself; their outputs are normed before they are added. Norms over all
// queries and all keys together.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.qk_norm = QkNorm::kFullWidth;
  spec.ropes = {read_whole_rope(reader, spec)};
  reader.refuse({"", "attention.sliding_window"}, "OLMo 3's sliding window");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights;
  read_attention(reader, names, spec, bias, bias, false, weights);
  read_qk_norms(reader, names, spec, weights);
  weights.attention_post_norm = reader.norm(names("post_attention_layernorm", "post_attention_norm"), d);
  weights.ffn = read_gated_ffn(reader, names, d, static_cast<size_t>(spec.d_mlp));
  weights.ffn_post_norm = reader.norm(names("post_feedforward_layernorm", "post_ffw_norm"), d);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 2048, .d_mlp = 11008},
    .norm_eps = 1e-5,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_olmo2;
const Family k_olmo2 = {"olmo2", "olmo2", "OLMo 2",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                        "OLMo 3's sliding window, which GGUF files call olmo2 too"};

}  // namespace limpid
