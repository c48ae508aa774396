// SmolLM 3: Llama's block; some layers have no rotary positions.
#include <fmt/format.h>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_rope(reader, spec.d_head, spec.n_ctx)};
  read_optional_window(reader, spec);

  // The list's name means the opposite: 1 is a layer WITH rotary positions.
  const std::vector<double> rotates = reader.numbers({"no_rope_layers", ""});
  const int interval = reader.size_or({"no_rope_layer_interval", ""}, 4);
  if (!rotates.empty() && rotates.size() != spec.layers.size()) {
    reader.set_error(ErrorCode::kCorrupt, fmt::format("'no_rope_layers': expected {} entries, found {}",
                                                      spec.n_layer, rotates.size()));
    return;
  }
  for (int l = 0; l < spec.n_layer; ++l) {
    const auto index = static_cast<size_t>(l);
    const bool rope = rotates.empty() ? (l + 1) % interval != 0 : rotates[index] != 0;
    if (!rope) spec.layers[index].rope = kNoRope;
  }
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  return read_llama_layer(reader, spec, names, bias, bias, bias_if(reader.flag_or({"mlp_bias", ""}, false)),
                          true);
}

constexpr DecoderPlan kPlan = {.tied_by_default = true, .configure = configure, .read_layer = read_layer};

}  // namespace

extern const Family k_smollm3;
const Family k_smollm3 = {"smollm3",
                          "smollm3",
                          "SmolLM 3",
                          [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                          "",
                          "Every fourth layer has no rotary positions; GGUF files do not say which, so there "
                          "it is always the fourth."};

}  // namespace limpid
