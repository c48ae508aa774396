// Qwen 1: fused queries, keys and values with a bias; half of `intermediate_size` for each of gate and up.
#include <algorithm>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = Activation::kSilu;
  spec.gated_ffn = true;
  reader.refuse_if(spec.d_mlp < 2, "qwen with an 'intermediate_size' of 1");
  spec.d_mlp /= 2;
  const double theta = reader.number_or({"rotary_emb_base", "rope.freq_base"}, 10000);
  spec.ropes = {plain_rope(reader, theta, read_n_rot(reader, "rotary_pct", 1, spec.d_head))};
  reader.refuse_if(!reader.flag_or({"scale_attn_weights", ""}, true), "qwen with scores that are not scaled");
  // Both change prompts beyond the trained context only, to which `seq_length` limits us.
  const int trained = reader.size_or({"seq_length", ""}, spec.n_ctx);
  if (reader.flag_or({"use_dynamic_ntk", ""}, true) || reader.flag_or({"use_logn_attn", ""}, true)) {
    spec.n_ctx = std::min(spec.n_ctx, trained);
  }
  reader.refuse_if(!reader.flag_or({"no_bias", ""}, true), "qwen with biases on all projections");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), d_query = static_cast<size_t>(spec.d_query()),
             d_mlp = static_cast<size_t>(spec.d_mlp);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("ln_1", "attn_norm"), d);
  weights.qkv = reader.linear(names("attn.c_attn", "attn_qkv"), 3 * d_query, d, Bias::kYes);
  weights.attention_out = reader.linear(names("attn.c_proj", "attn_output"), d, d_query, Bias::kNo);
  weights.ffn_norm = reader.norm(names("ln_2", "ffn_norm"), d);
  weights.ffn = {stack({reader.linear(names("mlp.w2", "ffn_gate"), d_mlp, d, Bias::kNo),
                        reader.linear(names("mlp.w1", "ffn_up"), d_mlp, d, Bias::kNo)}),
                 reader.linear(names("mlp.c_proj", "ffn_down"), d, d_mlp, Bias::kNo)};
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {.n_kv_head = "", .d_head = "kv_channels"},
    .defaults = {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 8192, .d_mlp = 22016, .d_head = 128},
    .norm_eps_key = "layer_norm_epsilon",
    .frame = {"transformer.", "wte", "h.", "ln_f"},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_qwen;
const Family k_qwen = {
    "qwen",
    "qwen",
    "Qwen 1",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "biases on all projections; scores that are not scaled",
    "Logn attention and dynamic NTK change prompts beyond `seq_length` only; the context ends there."};

}  // namespace limpid
