// Qwen 3: Llama's block with a norm over each head's queries and keys.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.qk_norm = QkNorm::kSharedByHeads;
  spec.ropes = {read_whole_rope(reader, spec)};
  read_late_window(reader, spec);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  LayerWeights weights = read_llama_layer(reader, spec, names, bias, bias, Bias::kNo, false);
  read_qk_norms(reader, names, spec, weights);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 4096,
                 .n_layer = 32,
                 .n_head = 32,
                 .n_ctx = 32768,
                 .d_mlp = 22016,
                 .n_kv_head = 32,
                 .d_head = 128},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_qwen3;
const Family k_qwen3 = {"qwen3",
                        "qwen3",
                        "Qwen 3, dense",
                        [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                        "",
                        "The window is as in qwen2. GGUF files lack it."};

}  // namespace limpid
