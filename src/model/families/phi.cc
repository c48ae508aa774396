// Phi 1, 1.5 and 2: attention and FFN side by side behind one LayerNorm, biases everywhere, also on the
// output matrix; part of each head is rotated.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "gelu_new");
  spec.parallel_blocks = true;
  spec.ropes = {read_rope(reader, read_n_rot(reader, "partial_rotary_factor", 0.5, spec.d_head), spec.n_ctx)};
  if (reader.flag_or({"qk_layernorm", ""}, false)) spec.qk_norm = QkNorm::kSharedByHeads;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kYes);
  weights.ffn_norm = weights.attention_norm;
  if (reader.has_tensor(names("", "attn_qkv.weight"))) {
    const auto d_query = static_cast<size_t>(spec.d_query()), d_kv = static_cast<size_t>(spec.d_kv());
    weights.qkv = reader.linear(names("", "attn_qkv"), d_query + 2 * d_kv, d);
    weights.attention_out = reader.linear(names("", "attn_output"), d, d_query);
  } else {
    read_attention(reader, names, spec, Bias::kYes, Bias::kYes, false, weights, {.out = "self_attn.dense"});
  }
  if (spec.qk_norm == QkNorm::kSharedByHeads) {
    const auto d_head = static_cast<size_t>(spec.d_head);
    weights.q_norm = reader.norm(names("self_attn.q_layernorm", ""), d_head, Bias::kYes);
    weights.k_norm = reader.norm(names("self_attn.k_layernorm", ""), d_head, Bias::kYes);
  }
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.fc1", "mlp.fc2", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2048, .n_layer = 24, .n_head = 32, .n_ctx = 2048, .d_mlp = 8192},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_eps",
    .norm_eps = 1e-5,
    .frame = {.final_norm = "final_layernorm"},
    .head_bias = Bias::kYes,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_phi;
const Family k_phi = {"phi",
                      "phi2",
                      "Phi 1, 1.5 and 2",
                      [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                      "",
                      "GGUF has no rotary base: 10000."};

}  // namespace limpid
