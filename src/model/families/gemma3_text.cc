// Gemma 3, text: Gemma 2's block with norms over queries and keys instead of capped scores (the configuration
// still has a cap, which Hugging Face does not use). Most layers slide and rotate by an unscaled base of
// their own.
#include <cmath>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

constexpr int kLayersOf27B = 62;  // whose GGUF files leave the scale of its scores to the reader

void configure(ModelReader& reader, ModelSpec& spec) {
  reader.norms_are_stored_less_one();
  spec.activation = read_activation(reader, "hidden_activation", "gelu_pytorch_tanh");
  spec.gated_ffn = true;
  spec.qk_norm = QkNorm::kSharedByHeads;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.d_model));
  const bool is_27b = reader.is_gguf() && spec.n_layer == kLayersOf27B;
  const double scalar = is_27b ? spec.d_model / spec.n_head : reader.is_gguf() ? spec.d_head : 256;
  spec.attention_scale =
      static_cast<float>(1 / std::sqrt(reader.number_or({"query_pre_attn_scalar", ""}, scalar)));
  spec.logit_softcap =
      static_cast<float>(reader.number_or({"final_logit_softcapping", "final_logit_softcapping"}, 0));
  reader.refuse({"use_bidirectional_attention", ""}, "attention in both directions");

  const double local = reader.number_or({"rope_local_base_freq", "rope.freq_base_swa"}, 10000);
  spec.ropes = {read_whole_rope(reader, spec, {.theta = 1000000}), plain_rope(reader, local, spec.d_head)};
  const int period = reader.size_or({"sliding_window_pattern", "attention.sliding_window_pattern"}, 6);
  const std::vector<bool> sliding =
      sliding_layers(reader, spec, [period](int layer) { return (layer + 1) % period != 0; });
  set_windows(spec, reader.size_or({"sliding_window", "attention.sliding_window"}, 4096), sliding);
  for (size_t l = 0; l < sliding.size(); ++l) spec.layers[l].rope = sliding[l] ? 1 : 0;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights = read_double_norm_layer(reader, spec, names, bias);
  read_qk_norms(reader, names, spec, weights);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2304,
                 .n_layer = 26,
                 .n_head = 8,
                 .n_ctx = 131072,
                 .d_mlp = 9216,
                 .n_kv_head = 4,
                 .d_head = 256},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gemma3_text;
const Family k_gemma3_text = {
    "gemma3_text",
    "gemma3",
    "Gemma 3, text only (270M, 1B)",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "attention in both directions",
    "The larger Gemma 3 models, which see images, are not of this family. GGUF files without the base of "
    "local layers have 10000, and without a pattern every sixth layer is global. Scores of 27B (62 layers) "
    "are scaled by 1/sqrt(d_model / n_head), since the file does not say."};

}  // namespace limpid
