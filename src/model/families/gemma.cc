// Gemma 1: Llama's block, norms stored as w - 1, embeddings scaled by sqrt(d_model).
#include <cmath>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  reader.norms_are_stored_less_one();
  spec.activation = read_activation(reader, "hidden_act", "gelu_pytorch_tanh");
  spec.gated_ffn = true;
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.d_model));
  spec.ropes = {read_rope(reader, spec.d_head, spec.n_ctx)};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  return read_llama_layer(reader, spec, names, bias, bias, Bias::kNo, false);
}

constexpr DecoderPlan kPlan = {.tied_by_default = true, .configure = configure, .read_layer = read_layer};

}  // namespace

extern const Family k_gemma;
const Family k_gemma = {"gemma", "gemma", "Gemma 1, CodeGemma",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); }};

}  // namespace limpid
