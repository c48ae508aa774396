// Gemma 2: Gemma with norms before and behind each block, capped scores and logits, and a window in every
// other layer.
#include <cmath>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

constexpr int kLayersOf27B = 46;  // whose GGUF files leave the scale of its scores to the reader

/// null: none.
float read_cap(ModelReader& reader, const Name& key, double otherwise) {
  return static_cast<float>(reader.number_or(key, reader.is_null(key) ? 0 : otherwise));
}

void configure(ModelReader& reader, ModelSpec& spec) {
  reader.norms_are_stored_less_one();
  spec.activation = read_activation(reader, "hidden_activation", "gelu_pytorch_tanh");
  spec.gated_ffn = true;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.d_model));
  const bool is_27b = reader.is_gguf() && spec.n_layer == kLayersOf27B;
  const double scalar = is_27b ? spec.d_model / spec.n_head : reader.is_gguf() ? spec.d_head : 256;
  spec.attention_scale =
      static_cast<float>(1 / std::sqrt(reader.number_or({"query_pre_attn_scalar", ""}, scalar)));
  spec.attention_softcap = read_cap(reader, {"attn_logit_softcapping", "attn_logit_softcapping"}, 50);
  spec.logit_softcap = read_cap(reader, {"final_logit_softcapping", "final_logit_softcapping"}, 30);
  spec.ropes = {read_whole_rope(reader, spec)};
  set_windows(spec, reader.size_or({"sliding_window", "attention.sliding_window"}, 4096),
              sliding_layers(reader, spec, [](int layer) { return layer % 2 == 0; }));
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  return read_double_norm_layer(reader, spec, names, bias);
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2304,
                 .n_layer = 26,
                 .n_head = 8,
                 .n_ctx = 8192,
                 .d_mlp = 9216,
                 .n_kv_head = 4,
                 .d_head = 256},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gemma2;
const Family k_gemma2 = {"gemma2",
                         "gemma2",
                         "Gemma 2",
                         [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                         "",
                         "GGUF files do not say what scores are scaled by: 1/sqrt(d_head), and for the 46 "
                         "layers of 27B 1/sqrt(d_model / n_head), as llama.cpp has it."};

}  // namespace limpid
