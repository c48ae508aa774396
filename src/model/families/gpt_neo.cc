// GPT-Neo: GPT-2's block with scores that are not scaled, and a window in some layers.
#include <fmt/format.h>

#include "model/decoder.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "activation_function", "gelu_new");
  spec.attention_scale = 1;
  const int window = reader.size_or({"window_size", ""}, 256);
  const std::vector<std::string> kinds = reader.texts({"attention_layers", ""});
  if (kinds.size() != spec.layers.size()) {
    reader.set_error(
        ErrorCode::kUnsupported,
        fmt::format("'attention_layers': expected {} entries, found {}", spec.n_layer, kinds.size()),
        "attention_types alone is not read: write the kind of every layer into attention_layers");
    return;
  }
  for (const std::string& kind : kinds) {
    reader.refuse_if(kind != "global" && kind != "local", fmt::format("attention layer '{}'", kind));
  }
  std::vector<bool> slides(kinds.size());
  for (size_t l = 0; l < kinds.size(); ++l) slides[l] = kinds[l] == "local";
  set_windows(spec, window, slides);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("ln_1", ""), d, Bias::kYes);
  read_attention(
      reader, names, spec, Bias::kNo, Bias::kYes, false, weights,
      {"attn.attention.q_proj", "attn.attention.k_proj", "attn.attention.v_proj", "attn.attention.out_proj"});
  weights.ffn_norm = reader.norm(names("ln_2", ""), d, Bias::kYes);
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.c_fc", "mlp.c_proj", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {.n_layer = "num_layers|num_hidden_layers",
              .n_head = "num_heads|num_attention_heads",
              .n_kv_head = "",
              .d_head = ""},
    .defaults = {.d_model = 2048, .n_layer = 24, .n_head = 16, .n_ctx = 2048},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {"transformer.", "wte", "h.", "ln_f", "lm_head", "wpe"},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gpt_neo;
const Family k_gpt_neo = {"gpt_neo",
                          "",
                          "GPT-Neo 125M to 2.7B, TinyStories",
                          [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                          "layers that are neither global nor local",
                          "llama.cpp has no such architecture."};

}  // namespace limpid
