// GPT-OSS: experts with clamped gates and interleaved gate and up columns, a sink in every head, windows in
// every other layer.
#include <fmt/format.h>

#include "model/decoder.h"
#include "model/rope.h"
#include "model/rope_scaling.h"

namespace limpid {

namespace {

/// The scaling of a configuration that says nothing of one.
constexpr Yarn kYarn = {.factor = 32, .n_original = 4096, .truncate = false};

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = Activation::kClampedSwiglu;
  spec.gated_ffn = true;
  const double limit = reader.number_or({"swiglu_limit", ""}, 7);
  reader.refuse_if(limit != 7, fmt::format("gpt_oss with gates clamped at {}", limit));
  spec.ropes = {read_whole_rope(reader, spec, {.theta = 150000, .yarn = &kYarn})};
  spec.moe = MoeSpec{reader.size_or_hf({"num_local_experts", "expert_count"}, 128),
                     reader.size_or_hf({"num_experts_per_tok", "expert_used_count"}, 4),
                     reader.size_or({"", "expert_feed_forward_length"}, spec.d_mlp), 0, true};
  set_windows(spec, reader.size_or({"sliding_window", "attention.sliding_window"}, 128),
              sliding_layers(reader, spec, [](int layer) { return layer % 2 == 0; }));
}

/// Biases of one expert in a stack [n_expert, width]: entries begin, begin + stride, ... of its row.
VectorSlice expert_bias(const TensorInfo* stack, size_t expert, size_t width, size_t begin, size_t count,
                        size_t stride) {
  return {stack, expert * width + begin, count, stride};
}

/// Hugging Face: gate and up are columns 0, 2, ... and 1, 3, ... of one matrix [n_in, n_out]; in MXFP4 the
/// matrix is stored the other way round, [n_out, n_in].
std::vector<FfnWeights> read_fused_experts(ModelReader& reader, const LayerNames& names, size_t n_expert,
                                           size_t d, size_t f) {
  const auto stacked = [&](const char* name, size_t n_out, size_t n_in) {
    const Name full = names(name, "");
    const bool as_rows = reader.type_of(full) == DType::kFP4;
    return std::pair(
        as_rows ? reader.tensor(full, {n_expert, n_out, n_in}) : reader.tensor(full, {n_expert, n_in, n_out}),
        !as_rows);
  };
  const auto [in, in_transposed] = stacked("mlp.experts.gate_up_proj", 2 * f, d);
  const auto [down, down_transposed] = stacked("mlp.experts.down_proj", d, f);
  const TensorInfo* in_bias = reader.tensor(names("mlp.experts.gate_up_proj_bias", ""), {n_expert, 2 * f});
  const TensorInfo* down_bias = reader.tensor(names("mlp.experts.down_proj_bias", ""), {n_expert, d});
  std::vector<FfnWeights> experts;
  for (size_t e = 0; e < n_expert && reader.status(); ++e) {
    const size_t in_row = in_transposed ? 0 : e * 2 * f, down_row = down_transposed ? 0 : e * d;
    FfnWeights expert;
    expert.in = {2 * f, d, {}, {}};
    for (const size_t odd : {0, 1}) {
      expert.in.rows.push_back({in, in_row + odd, f, 2, in_transposed, e});
      expert.in.bias.push_back(expert_bias(in_bias, e, 2 * f, odd, f, 2));
    }
    expert.down = {
        d, f, {{down, down_row, d, 1, down_transposed, e}}, {expert_bias(down_bias, e, d, 0, d, 1)}};
    experts.push_back(std::move(expert));
  }
  return experts;
}

std::vector<FfnWeights> read_gguf_experts(ModelReader& reader, const LayerNames& names,
                                          const ModelSpec& spec) {
  const auto n_expert = static_cast<size_t>(spec.moe->n_expert), d = static_cast<size_t>(spec.d_model),
             f = static_cast<size_t>(spec.moe->d_expert);
  const TensorInfo* gate = reader.tensor(names("", "ffn_gate_exps.bias"), {n_expert, f});
  const TensorInfo* up = reader.tensor(names("", "ffn_up_exps.bias"), {n_expert, f});
  const TensorInfo* down = reader.tensor(names("", "ffn_down_exps.bias"), {n_expert, d});
  std::vector<FfnWeights> experts = read_experts(reader, names, spec, {""});
  for (size_t e = 0; e < experts.size(); ++e) {
    experts[e].in.bias = {expert_bias(gate, e, f, 0, f, 1), expert_bias(up, e, f, 0, f, 1)};
    experts[e].down.bias = {expert_bias(down, e, d, 0, d, 1)};
  }
  return experts;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model), n_expert = static_cast<size_t>(spec.moe->n_expert);
  const Bias bias = bias_if(reader.flag_or({"attention_bias", ""}, true));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  read_attention(reader, names, spec, bias, bias, false, weights);
  weights.sinks =
      reader.tensor(names("self_attn.sinks", "attn_sinks.weight"), {static_cast<size_t>(spec.n_head)});
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "post_attention_norm"), d);
  weights.moe = MoeWeights{reader.linear(names("mlp.router", "ffn_gate_inp"), n_expert, d, Bias::kYes),
                           reader.is_gguf() ? read_gguf_experts(reader, names, spec)
                                            : read_fused_experts(reader, names, n_expert, d,
                                                                 static_cast<size_t>(spec.moe->d_expert)),
                           {},
                           {}};
  return weights;
}

constexpr DecoderPlan kPlan = {
    .defaults = {.d_model = 2880,
                 .n_layer = 36,
                 .n_head = 64,
                 .n_ctx = 131072,
                 .d_mlp = 2880,
                 .n_kv_head = 8,
                 .d_head = 64},
    .norm_eps = 1e-5,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_gpt_oss;
const Family k_gpt_oss = {
    "gpt_oss",
    "gpt-oss",
    "gpt-oss 20B and 120B",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "gates clamped at anything but 7",
    "Hugging Face's files leave the ends of YaRN's ramp between pairs ('truncate': false). GGUF has no key "
    "for that: its files are read with whole pairs, as llama.cpp reads them, so the two differ a little."};

}  // namespace limpid
