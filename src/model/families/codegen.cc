// CodeGen: GPT-J's block with fused projections in four blocks, each of queries, VALUES, keys.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

constexpr size_t kBlocks = 4;

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "activation_function", "gelu_new");
  spec.parallel_blocks = true;
  const Name n_rot = {"rotary_dim", ""};
  spec.ropes = {plain_rope(reader, 10000, reader.size_or(n_rot, reader.is_null(n_rot) ? spec.d_model : 64))};
  spec.ropes.front().pairs = RopePairs::kInterleaved;
  reader.refuse_if(static_cast<size_t>(spec.n_head) % kBlocks != 0,
                   "codegen whose heads are no multiple of 4");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("ln_1", ""), d, Bias::kYes);
  weights.ffn_norm = weights.attention_norm;
  const LinearWeights fused = reader.linear(names("attn.qkv_proj", ""), 3 * d, d, Bias::kNo);
  weights.qkv =
      stack({grouped_rows(fused, kBlocks, 3, d / kBlocks, 0), grouped_rows(fused, kBlocks, 3, d / kBlocks, 2),
             grouped_rows(fused, kBlocks, 3, d / kBlocks, 1)});
  weights.attention_out = reader.linear(names("attn.out_proj", ""), d, d, Bias::kNo);
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.fc_in", "mlp.fc_out", Bias::kYes);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {"n_embd|hidden_size", "n_layer|num_hidden_layers", "n_head|num_attention_heads", "", "",
              "n_inner", "n_positions|max_position_embeddings"},
    .defaults = {.d_model = 4096, .n_layer = 28, .n_head = 16, .n_ctx = 2048},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {"transformer.", "wte", "h.", "ln_f"},
    .head_bias = Bias::kYes,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_codegen;
const Family k_codegen = {"codegen",
                          "",
                          "CodeGen 350M to 16B",
                          [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                          "heads that are no multiple of 4",
                          "llama.cpp has no such architecture."};

}  // namespace limpid
