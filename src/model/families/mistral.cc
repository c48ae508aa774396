// Mistral: Llama's block, whose keys may be in reach for a window only. GGUF files call it llama.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_whole_rope(reader, spec)};
  read_window(reader, spec, 4096);
  // With a list of layer types, Hugging Face takes a Mistral for a Ministral.
  const std::vector<bool> slides = sliding_layers(reader, spec, [](int) { return true; });
  for (size_t l = 0; l < slides.size(); ++l) {
    if (!slides[l]) spec.layers[l].window = 0;
  }
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  return read_llama_layer(reader, spec, names, Bias::kNo, Bias::kNo, Bias::kNo, true);
}

constexpr DecoderPlan kPlan = {
    .defaults =
        {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 131072, .d_mlp = 14336, .n_kv_head = 8},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_mistral;
const Family k_mistral = {
    "mistral",
    "",
    "Mistral 7B, Mistral Nemo, Zephyr",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "",
    "The window of `sliding_window` counts. GGUF files are of the architecture llama and lack it."};

}  // namespace limpid
