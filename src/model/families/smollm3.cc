// SmolLM 3: Llama's block; some layers have no rotary positions.
#include <fmt/format.h>

#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_whole_rope(reader, spec, {.theta = 2000000})};

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
  const int window = read_optional_window(reader, 0);
  const auto lacks_rope = [&](int layer) { return spec.layers[static_cast<size_t>(layer)].rope == kNoRope; };
  if (window > 0) set_windows(spec, window, sliding_layers(reader, spec, lacks_rope));
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, false));
  return read_llama_layer(reader, spec, names, bias, bias, bias_if(reader.flag_or({"mlp_bias", ""}, false)),
                          true);
}

constexpr DecoderPlan kPlan = {
    .defaults =
        {.d_model = 2048, .n_layer = 36, .n_head = 16, .n_ctx = 32768, .d_mlp = 11008, .n_kv_head = 4},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

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
