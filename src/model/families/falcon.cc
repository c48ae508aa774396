// Falcon in its three shapes: 7B (one key/value head, blocks side by side behind one norm), 40B and later
// (grouped heads, two norms), and RW (ALiBi, blocks one after the other). GGUF has the first two.
#include "model/decoder.h"
#include "model/rope.h"

namespace limpid {

namespace {

struct Shape {
  bool new_architecture, alibi, two_norms;
};

Shape read_shape(ModelReader& reader) {
  Shape shape;
  shape.new_architecture = reader.flag_or({"new_decoder_architecture", ""}, false);
  shape.alibi = reader.flag_or({"alibi", ""}, false);
  shape.two_norms = reader.is_gguf()
                        ? reader.has_tensor({"", "blk.0.attn_norm_2.weight"})
                        : shape.new_architecture && reader.size_or({"num_ln_in_parallel_attn", ""}, 2) == 2;
  return shape;
}

void configure(ModelReader& reader, ModelSpec& spec) {
  const Shape shape = read_shape(reader);
  spec.activation = read_activation(reader, "activation", "gelu");
  spec.parallel_blocks = shape.new_architecture || reader.flag_or({"parallel_attn", ""}, true);
  if (!reader.is_gguf()) {
    // Configurations of the 7B kind claim as many key/value heads as heads; there is one.
    spec.n_kv_head = shape.new_architecture ? reader.size_or({"num_kv_heads", ""}, spec.n_head)
                     : reader.flag_or({"multi_query", ""}, true) ? 1
                                                                 : spec.n_head;
  }
  if (shape.alibi) {
    spec.alibi = AlibiSpec{alibi_slopes(spec.n_head), spec.attention_scale, true};
  } else {
    spec.ropes = {read_whole_rope(reader, spec)};
  }
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const Shape shape = read_shape(reader);
  const auto d = static_cast<size_t>(spec.d_model), d_query = static_cast<size_t>(spec.d_query()),
             d_kv = static_cast<size_t>(spec.d_kv()), d_head = static_cast<size_t>(spec.d_head),
             n_group = static_cast<size_t>(spec.n_kv_head),
             group = static_cast<size_t>(spec.n_head) / n_group;
  const Bias bias = bias_if(reader.flag_or({"bias", ""}, false));
  LayerWeights weights;
  weights.qkv =
      reader.linear(names("self_attention.query_key_value", "attn_qkv"), d_query + 2 * d_kv, d, bias);
  if (!reader.is_gguf()) {  // for each key/value head: its queries, its key, its value
    const LinearWeights fused = weights.qkv;
    weights.qkv = stack({grouped_rows(fused, n_group, group + 2, d_head, 0, group),
                         grouped_rows(fused, n_group, group + 2, d_head, group),
                         grouped_rows(fused, n_group, group + 2, d_head, group + 1)});
  }
  weights.attention_out = reader.linear(names("self_attention.dense", "attn_output"), d, d_query, bias);
  if (shape.two_norms) {
    weights.attention_norm = reader.norm(names("ln_attn", "attn_norm_2"), d, Bias::kYes);
    weights.ffn_norm = reader.norm(names("ln_mlp", "attn_norm"), d, Bias::kYes);
  } else {
    weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d, Bias::kYes);
    weights.ffn_norm = spec.parallel_blocks
                           ? weights.attention_norm
                           : reader.norm(names("post_attention_layernorm", ""), d, Bias::kYes);
  }
  weights.ffn = read_plain_ffn(reader, names, spec, "mlp.dense_h_to_4h", "mlp.dense_4h_to_h", bias);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {.d_model = "n_embed|hidden_size",
              .n_layer = "num_hidden_layers|n_layer",
              .n_head = "num_attention_heads|n_head",
              .n_kv_head = "",
              .d_head = "",
              .d_mlp = "ffn_hidden_size"},
    .defaults = {.d_model = 4544, .n_layer = 32, .n_head = 71, .n_ctx = 2048},
    .norm = NormKind::kLayer,
    .norm_eps_key = "layer_norm_epsilon",
    .norm_eps = 1e-5,
    .frame = {"transformer.", "word_embeddings", "h.", "ln_f"},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_falcon;
const Family k_falcon = {
    "falcon",
    "falcon",
    "Falcon 7B, 40B, 180B, 11B, RW",
    [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
    "",
    "Falcon RW's ALiBi counts once, as it was trained and as transformers' SDPA attention has it; "
    "transformers 4.57's eager attention adds it twice. GGUF has neither ALiBi nor biases, hence no RW."};

}  // namespace limpid
