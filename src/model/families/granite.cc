// Granite 3: Llama's block with multipliers of embeddings, scores, what blocks add, and logits.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.embedding_scale = static_cast<float>(reader.number_or({"embedding_multiplier", "embedding_scale"}, 1));
  spec.attention_scale = static_cast<float>(
      reader.number_or({"attention_multiplier", "attention.scale"},
                       reader.is_gguf() ? static_cast<double>(spec.attention_scale) : 1.0));
  spec.residual_multiplier =
      static_cast<float>(reader.number_or({"residual_multiplier", "residual_scale"}, 1));
  spec.logit_scale = static_cast<float>(1 / reader.number_or({"logits_scaling", "logit_scale"}, 1));
  spec.ropes = {read_whole_rope(reader, spec)};
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  return read_llama_layer(reader, spec, names, bias, bias, bias_if(reader.flag_or({"mlp_bias", ""}, false)),
                          true);
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 2048, .d_mlp = 11008},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_granite;
const Family k_granite = {"granite",
                          "granite",
                          "Granite 3, dense",
                          [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                          "",
                          "Granite with experts (granitemoe) is another architecture."};

}  // namespace limpid
