// Qwen 1.5, 2 and 2.5: Llama's block with biases on queries, keys and values.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_whole_rope(reader, spec)};
  read_late_window(reader, spec);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  return read_llama_layer(reader, spec, names, Bias::kYes, Bias::kNo, Bias::kNo, false);
}

constexpr DecoderPlan kPlan = {
    .defaults =
        {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 32768, .d_mlp = 22016, .n_kv_head = 32},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_qwen2;
const Family k_qwen2 = {"qwen2",
                        "qwen2",
                        "Qwen 1.5, 2 and 2.5, QwQ, DeepSeek R1 distills of Qwen",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                        "",
                        "`use_sliding_window` gives layers from `max_window_layers` on a window. GGUF files "
                        "lack it and attend to everything."};

}  // namespace limpid
