// Cohere's Command R: attention and FFN side by side behind one LayerNorm, neighbouring coordinates rotated
// together, scaled logits.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

bool has_qk_norm(ModelReader& reader) {
  return reader.is_gguf() ? reader.has_tensor({"", "blk.0.attn_q_norm.weight"})
                          : reader.flag_or({"use_qk_norm", ""}, false);
}

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.parallel_blocks = true;
  spec.logit_scale = static_cast<float>(reader.number_or({"logit_scale", "logit_scale"}, 0.0625));
  if (has_qk_norm(reader)) spec.qk_norm = QkNorm::kEachHead;
  spec.ropes = {read_whole_rope(reader, spec)};
  spec.ropes.front().pairs = RopePairs::kInterleaved;
}

/// Weights [n_head, d_head].
NormWeights read_head_norms(ModelReader& reader, const Name& name, int n_head, int d_head) {
  const auto n = static_cast<size_t>(n_head), d = static_cast<size_t>(d_head);
  return {n * d, {{reader.tensor(name, {n, d}), 0, n * d, 1}}, {}, 0};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kNo);
  weights.ffn_norm = weights.attention_norm;
  read_attention(reader, names, spec, bias, bias, false, weights);
  if (spec.qk_norm == QkNorm::kEachHead) {
    weights.q_norm = read_head_norms(reader, names("self_attn.q_norm.weight", "attn_q_norm.weight"),
                                     spec.n_head, spec.d_head);
    weights.k_norm = read_head_norms(reader, names("self_attn.k_norm.weight", "attn_k_norm.weight"),
                                     spec.n_kv_head, spec.d_head);
  }
  weights.ffn = read_gated_ffn(reader, names, d, static_cast<size_t>(spec.d_mlp));
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 8192, .n_layer = 40, .n_head = 64, .n_ctx = 8192, .d_mlp = 22528},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_eps",
    .norm_eps = 1e-5,
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_cohere;
const Family k_cohere = {"cohere",
                         "command-r",
                         "Command R and R+, Aya",
                         [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                         "",
                         "GGUF files of llama.cpp have norms over queries and keys only for models of 64 "
                         "layers and more; here the tensors decide."};

}  // namespace limpid
