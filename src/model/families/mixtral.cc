// Mixtral: Mistral with a mixture of experts. GGUF files call it llama.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_whole_rope(reader, spec, {.theta = 1000000})};
  spec.moe = MoeSpec{reader.size_or({"num_local_experts", ""}, 8),
                     reader.size_or({"num_experts_per_tok", ""}, 2), spec.d_mlp, 0, true};
  read_window(reader, spec);
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), n_expert = static_cast<size_t>(spec.moe->n_expert);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", ""), d);
  read_attention(reader, names, spec, Bias::kNo, Bias::kNo, true, weights);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", ""), d);
  weights.moe = MoeWeights{reader.linear(names("block_sparse_moe.gate", ""), n_expert, d, Bias::kNo),
                           read_experts(reader, names, spec, {"block_sparse_moe.experts", "w1", "w3", "w2"}),
                           {},
                           {}};
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults =
        {.d_model = 4096, .n_layer = 32, .n_head = 32, .n_ctx = 131072, .d_mlp = 14336, .n_kv_head = 8},
    .norm_eps = 1e-5,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_mixtral;
const Family k_mixtral = {"mixtral",
                          "",
                          "Mixtral 8x7B and 8x22B",
                          [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                          "",
                          "GGUF files are of the architecture llama, with experts stacked or one by one."};

}  // namespace limpid
