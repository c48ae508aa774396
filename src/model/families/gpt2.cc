// GPT-2: LayerNorm, learned positions, fused q/k/v, plain GELU FFN, biases everywhere. Hugging Face stores
// projections as [n_in, n_out] and some files lack the "transformer." prefix.
#include <cmath>
#include <fmt/format.h>

#include "model/family.h"
#include "model/reader.h"

namespace limpid {

namespace {

Activation read_activation(ModelReader& reader) {
  const std::string name = reader.text_or({"activation_function", ""}, "gelu_new");
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::kGeluTanh;
  if (name == "gelu") return Activation::kGelu;
  if (name == "relu") return Activation::kRelu;
  reader.set_error(ErrorCode::kUnsupported,
                   fmt::format("activation_function '{}' of gpt2 is not supported", name),
                   "supported: gelu_new, gelu_pytorch_tanh, gelu, relu");
  return Activation::kGeluTanh;
}

ModelSpec read_spec(ModelReader& reader, const std::string& prefix) {
  const auto embedding = reader.shape({prefix + "wte.weight", "token_embd.weight"}, 2);
  ModelSpec spec;
  spec.n_vocab = static_cast<int>(embedding[0]);
  spec.d_model = reader.size({"n_embd", "embedding_length"});
  spec.n_layer = reader.size({"n_layer", "block_count"});
  spec.n_head = reader.size({"n_head", "attention.head_count"});
  spec.n_kv_head = spec.n_head;
  spec.d_head = spec.d_model / std::max(spec.n_head, 1);
  spec.d_mlp = reader.size_or({"n_inner", "feed_forward_length"}, 4 * std::min(spec.d_model, 1 << 28));
  spec.n_ctx = reader.size({"n_positions", "context_length"});
  spec.norm = NormKind::kLayer;
  spec.norm_eps =
      static_cast<float>(reader.number_or({"layer_norm_epsilon", "attention.layer_norm_epsilon"}, 1e-5));
  spec.activation = read_activation(reader);
  spec.attention_scale = reader.flag_or({"scale_attn_weights", ""}, true)
                             ? 1.0f / std::sqrt(static_cast<float>(std::max(spec.d_head, 1)))
                             : 1.0f;
  if (spec.d_head * spec.n_head != spec.d_model) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("expected n_embd to be a multiple of n_head, found {} and {}", spec.d_model,
                                 spec.n_head));
  }
  if (reader.size_or({"vocab_size", "vocab_size"}, spec.n_vocab) != spec.n_vocab) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("vocab_size: the configuration says {}, the embedding has {} rows",
                                 reader.size_or({"vocab_size", "vocab_size"}, 0), spec.n_vocab));
  }
  reader.refuse({"scale_attn_by_inverse_layer_idx", ""}, "attention scaled by the layer's index");
  reader.refuse({"add_cross_attention", ""}, "cross-attention");
  return spec;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, const std::string& prefix, int layer) {
  const size_t d = spec.d_model, d_mlp = spec.d_mlp;
  const bool transposed = !reader.is_gguf();
  const auto name = [&](const char* hf, const char* gguf, const char* leaf) {
    return Name{layer_name(prefix + "h.{}." + hf + leaf, layer),
                layer_name(std::string("blk.{}.") + gguf + leaf, layer)};
  };
  const auto norm = [&](const char* hf, const char* gguf) {
    return NormWeights{reader.tensor(name(hf, gguf, ".weight"), {d}),
                       reader.tensor(name(hf, gguf, ".bias"), {d})};
  };
  const auto linear = [&](const char* hf, const char* gguf, size_t n_out, size_t n_in) {
    const TensorInfo* weight = transposed ? reader.tensor(name(hf, gguf, ".weight"), {n_in, n_out})
                                          : reader.tensor(name(hf, gguf, ".weight"), {n_out, n_in});
    return whole(weight, reader.tensor(name(hf, gguf, ".bias"), {n_out}), n_out, n_in, transposed);
  };
  return {norm("ln_1", "attn_norm"),
          linear("attn.c_attn", "attn_qkv", 3 * d, d),
          linear("attn.c_proj", "attn_output", d, d),
          norm("ln_2", "ffn_norm"),
          linear("mlp.c_fc", "ffn_up", d_mlp, d),
          linear("mlp.c_proj", "ffn_down", d, d_mlp)};
}

Result<ModelDescription> describe(const Checkpoint& checkpoint) {
  ModelReader reader(checkpoint);
  const std::string prefix = reader.has_tensor({"transformer.wte.weight", ""}) ? "transformer." : "";
  ModelDescription model;
  model.spec = read_spec(reader, prefix);
  LIMPID_CHECK_OK(reader.status());
  const size_t d = model.spec.d_model, n_vocab = model.spec.n_vocab, n_ctx = model.spec.n_ctx;

  ModelWeights& weights = model.weights;
  weights.embedding = reader.tensor({prefix + "wte.weight", "token_embd.weight"}, {n_vocab, d});
  weights.position_embedding = reader.tensor({prefix + "wpe.weight", "position_embd.weight"}, {n_ctx, d});
  for (int layer = 0; layer < model.spec.n_layer && reader.status(); ++layer) {
    weights.layers.push_back(read_layer(reader, model.spec, prefix, layer));
  }
  weights.final_norm = {reader.tensor({prefix + "ln_f.weight", "output_norm.weight"}, {d}),
                        reader.tensor({prefix + "ln_f.bias", "output_norm.bias"}, {d})};
  const Name head = {"lm_head.weight", "output.weight"};
  const bool tied =
      reader.is_gguf() ? !reader.has_tensor(head) : reader.flag_or({"tie_word_embeddings", ""}, true);
  weights.unembed = whole(tied ? weights.embedding : reader.tensor(head, {n_vocab, d}), nullptr, n_vocab, d);
  LIMPID_CHECK_OK(reader.status());
  return model;
}

}  // namespace

extern const Family k_gpt2;
const Family k_gpt2 = {"gpt2", "gpt2", "GPT-2 in all sizes, DistilGPT-2, DialoGPT", describe};

}  // namespace limpid
