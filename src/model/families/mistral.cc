// Mistral: Llama's block, whose keys may be in reach for a window only. GGUF files call it llama.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_rope(reader, spec.d_head, spec.n_ctx)};
  read_window(reader, spec);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  return read_llama_layer(reader, spec, names, Bias::kNo, Bias::kNo, Bias::kNo, true);
}

constexpr DecoderPlan kPlan = {.configure = configure, .read_layer = read_layer};

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
