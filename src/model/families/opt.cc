// OPT: GPT-2's block with projections of their own; positions are counted from 2.
#include "model/decoder.h"

namespace limpid {

namespace {

void configure(ModelReader& reader, ModelSpec& spec) {
  spec.activation = read_activation(reader, "activation_function", "relu");
  spec.position_offset = 2;
  reader.refuse_if(!reader.flag_or({"do_layer_norm_before", ""}, true),
                   "opt with norms behind the blocks (opt-350m)");
  reader.refuse_if(reader.size_or({"word_embed_proj_dim", ""}, spec.d_model) != spec.d_model,
                   "opt with a projected embedding (opt-350m)");
  reader.refuse({"_remove_final_layer_norm", ""}, "opt without a last norm");
  reader.refuse_if(!reader.flag_or({"layer_norm_elementwise_affine", ""}, true),
                   "opt with norms without weights");
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, int) {
  const auto d = static_cast<size_t>(spec.d_model);
  const Bias bias = bias_if(reader.flag_or({"enable_bias", ""}, true));
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("self_attn_layer_norm", ""), d, Bias::kYes);
  read_attention(reader, names, spec, bias, bias, false, weights, {.out = "self_attn.out_proj"});
  weights.ffn_norm = reader.norm(names("final_layer_norm", ""), d, Bias::kYes);
  weights.ffn = read_plain_ffn(reader, names, spec, "fc1", "fc2", bias);
  return weights;
}

constexpr DecoderPlan kPlan = {
    .sizes = {.n_kv_head = "", .d_head = "", .d_mlp = "ffn_dim"},
    .defaults = {.d_model = 768, .n_layer = 12, .n_head = 12, .n_ctx = 2048, .d_mlp = 3072},
    .norm = NormKind::kLayer,
    .norm_eps_key = "",
    .norm_eps = 1e-5,
    .frame = {"model.decoder.|decoder.", "embed_tokens", "layers.", "final_layer_norm", "lm_head",
              "embed_positions"},
    .tied_by_default = true,
    .configure = configure,
    .read_layer = read_layer,
};

}  // namespace

extern const Family k_opt;
const Family k_opt = {"opt",
                      "",
                      "OPT 125M to 66B (but 350M), Galactica",
                      [](const Checkpoint& checkpoint) { return describe_decoder(checkpoint, kPlan); },
                      "norms behind the blocks (opt-350m); embeddings of another width; models without a "
                      "last norm; norms without weights",
                      "llama.cpp has no such architecture."};

}  // namespace limpid
