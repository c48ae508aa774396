// Qwen 1.5 and 2 with experts: beside the chosen ones, one that every token uses, behind a gate of its own.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "hidden_act", "silu");
  spec.gated_ffn = true;
  spec.ropes = {read_whole_rope(reader, spec)};
  spec.moe = MoeSpec{
      reader.size_or_hf({"num_experts", "expert_count"}, 60),
      reader.size_or_hf({"num_experts_per_tok", "expert_used_count"}, 4),
      reader.size_or_hf({"moe_intermediate_size", "expert_feed_forward_length"}, 1408),
      reader.size_or_hf({"shared_expert_intermediate_size", "expert_shared_feed_forward_length"}, 5632),
      reader.flag_or({"norm_topk_prob", ""}, false)};
  // All layers slide, whatever `max_window_layers` says.
  const int window = read_optional_window(reader, 4096);
  if (window > 0) set_windows(spec, window, std::vector<bool>(spec.layers.size(), true));
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int layer) {
  const auto d = static_cast<size_t>(spec.d_model), n_expert = static_cast<size_t>(spec.moe->n_expert),
             d_shared = static_cast<size_t>(spec.moe->d_shared);
  const Bias qkv_bias = bias_if(reader.flag_or({"qkv_bias", ""}, true));
  if (is_dense_layer(reader, layer)) {
    return read_llama_layer(reader, spec, names, qkv_bias, Bias::kNo, Bias::kNo, false);
  }
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  read_attention(reader, names, spec, qkv_bias, Bias::kNo, false, weights);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d);
  MoeWeights moe{reader.linear(names("mlp.gate", "ffn_gate_inp"), n_expert, d, Bias::kNo),
                 read_experts(reader, names, spec, {"mlp.experts"}),
                 {},
                 {}};
  const auto shared = [&](const char* hf, const char* gguf, size_t n_out, size_t n_in) {
    return reader.linear(names(hf, gguf), n_out, n_in, Bias::kNo);
  };
  moe.shared = FfnWeights{stack({shared("mlp.shared_expert.gate_proj", "ffn_gate_shexp", d_shared, d),
                                 shared("mlp.shared_expert.up_proj", "ffn_up_shexp", d_shared, d)}),
                          shared("mlp.shared_expert.down_proj", "ffn_down_shexp", d, d_shared)};
  // Older GGUF files store this matrix of one row as a vector.
  const Name gate = names("mlp.shared_expert_gate.weight", "ffn_gate_inp_shexp.weight");
  moe.shared_gate =
      whole(reader.n_dim(gate) == 1 ? reader.tensor(gate, {d}) : reader.tensor(gate, {1, d}), nullptr, 1, d);
  weights.moe = std::move(moe);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults =
        {.d_model = 2048, .n_layer = 24, .n_head = 16, .n_ctx = 32768, .d_mlp = 5632, .n_kv_head = 16},
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_qwen2_moe;
const Family k_qwen2_moe = {"qwen2_moe",
                            "qwen2moe",
                            "Qwen1.5-MoE, Qwen2-57B-A14B",
                            [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                            "",
                            "Layers without experts (`mlp_only_layers`, `decoder_sparse_step`) are not in "
                            "GGUF files; `use_sliding_window` "
                            "gives all layers a window, which GGUF files lack too."};

}  // namespace limpid
