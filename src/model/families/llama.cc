// Llama 1, 2, 3 and what copies its block: RMSNorm, rotary positions, grouped heads, gated SiLU FFN.
//
// GGUF stores each head's query and key rows with the two halves of every rotated pair side by side; the row
// slices below undo that, so that both dialects run the same arithmetic in the same order.
#include <cmath>
#include <fmt/format.h>

#include "model/family.h"
#include "model/reader.h"
#include "model/rope.h"

namespace limpid {

namespace {

ModelSpec read_spec(ModelReader& reader) {
  const auto embedding = reader.shape({"model.embed_tokens.weight", "token_embd.weight"}, 2);
  ModelSpec spec;
  spec.n_vocab = static_cast<int>(embedding[0]);
  spec.d_model = reader.size({"hidden_size", "embedding_length"});
  spec.n_layer = reader.size({"num_hidden_layers", "block_count"});
  spec.n_head = reader.size({"num_attention_heads", "attention.head_count"});
  spec.n_kv_head = reader.size_or({"num_key_value_heads", "attention.head_count_kv"}, spec.n_head);
  spec.d_head = reader.size_or({"head_dim", "attention.key_length"}, spec.d_model / std::max(spec.n_head, 1));
  spec.d_mlp = reader.size({"intermediate_size", "feed_forward_length"});
  spec.n_ctx = reader.size({"max_position_embeddings", "context_length"});
  spec.norm = NormKind::kRms;
  spec.norm_eps =
      static_cast<float>(reader.number_or({"rms_norm_eps", "attention.layer_norm_rms_epsilon"}, 1e-6));
  spec.activation = Activation::kSilu;
  spec.gated_ffn = true;
  spec.attention_scale = 1.0f / std::sqrt(static_cast<float>(std::max(spec.d_head, 1)));
  spec.rope = read_rope(reader, reader.size_or({"", "rope.dimension_count"}, spec.d_head));

  const std::string activation = reader.text_or({"hidden_act", ""}, "silu");
  if (activation != "silu") {
    reader.set_error(ErrorCode::kUnsupported,
                     fmt::format("hidden_act '{}' of llama is not supported", activation));
  }
  if (reader.size_or({"vocab_size", "vocab_size"}, spec.n_vocab) != spec.n_vocab) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("vocab_size: the configuration says {}, the embedding has {} rows",
                                 reader.size_or({"vocab_size", "vocab_size"}, 0), spec.n_vocab));
  }
  if (reader.size_or({"", "attention.value_length"}, spec.d_head) != spec.d_head) {
    reader.set_error(ErrorCode::kUnsupported, "heads whose values and keys differ in size are not supported");
  }
  reader.refuse({"", "expert_count"}, "a mixture of experts in the llama architecture");
  reader.refuse({"", "attention.sliding_window"}, "a sliding attention window in the llama architecture");
  return spec;
}

/// Rows of a GGUF query or key projection in Hugging Face's order: per head the even rows, then the odd ones.
LinearWeights unpermute(LinearWeights linear, size_t d_head) {
  const auto split = [d_head](const auto& slice, auto& out) {
    for (size_t begin = 0; begin < slice.count; begin += d_head) {
      for (const size_t parity : {0, 1}) {
        auto half = slice;
        half.begin = begin + parity;
        half.count = d_head / 2;
        half.stride = 2;
        out.push_back(half);
      }
    }
  };
  LinearWeights result{linear.n_out, linear.n_in, {}, {}};
  split(linear.rows.front(), result.rows);
  if (!linear.bias.empty()) split(linear.bias.front(), result.bias);
  return result;
}

LayerWeights read_layer(ModelReader& reader, const ModelSpec& spec, int layer) {
  const size_t d = spec.d_model, d_q = spec.d_query(), d_kv = spec.d_kv(), d_mlp = spec.d_mlp;
  const auto name = [layer](const char* hf, const char* gguf) {
    return Name{layer_name(std::string("model.layers.{}.") + hf, layer),
                layer_name(std::string("blk.{}.") + gguf, layer)};
  };
  const auto linear = [&](const char* hf, const char* gguf, size_t n_out, size_t n_in, bool biased) {
    const Name weight = name(hf, gguf);
    return whole(reader.tensor({weight.hf + ".weight", weight.gguf + ".weight"}, {n_out, n_in}),
                 reader.tensor_if({weight.hf + ".bias", weight.gguf + ".bias"}, {n_out}, biased), n_out,
                 n_in);
  };
  const auto norm = [&](const char* hf, const char* gguf) {
    const Name weight = name(hf, gguf);
    return NormWeights{reader.tensor({weight.hf + ".weight", weight.gguf + ".weight"}, {d}), nullptr};
  };
  const bool attention_bias = reader.flag_or({"attention_bias", ""}, false);
  const bool mlp_bias = reader.flag_or({"mlp_bias", ""}, false);

  LinearWeights q = linear("self_attn.q_proj", "attn_q", d_q, d, attention_bias);
  LinearWeights k = linear("self_attn.k_proj", "attn_k", d_kv, d, attention_bias);
  LinearWeights v = linear("self_attn.v_proj", "attn_v", d_kv, d, attention_bias);
  if (reader.is_gguf() && reader.status()) {
    q = unpermute(std::move(q), spec.d_head);
    k = unpermute(std::move(k), spec.d_head);
  }
  LayerWeights weights;
  weights.attention_norm = norm("input_layernorm", "attn_norm");
  weights.qkv = stack({std::move(q), std::move(k), std::move(v)});
  weights.attention_out = linear("self_attn.o_proj", "attn_output", d, d_q, attention_bias);
  weights.ffn_norm = norm("post_attention_layernorm", "ffn_norm");
  weights.ffn_in = stack({linear("mlp.gate_proj", "ffn_gate", d_mlp, d, mlp_bias),
                          linear("mlp.up_proj", "ffn_up", d_mlp, d, mlp_bias)});
  weights.ffn_down = linear("mlp.down_proj", "ffn_down", d, d_mlp, mlp_bias);
  return weights;
}

Result<ModelDescription> describe(const Checkpoint& checkpoint) {
  ModelReader reader(checkpoint);
  ModelDescription model;
  model.spec = read_spec(reader);
  LIMPID_CHECK_OK(reader.status());
  const size_t d = model.spec.d_model, n_vocab = model.spec.n_vocab;

  ModelWeights& weights = model.weights;
  weights.embedding = reader.tensor({"model.embed_tokens.weight", "token_embd.weight"}, {n_vocab, d});
  for (int layer = 0; layer < model.spec.n_layer && reader.status(); ++layer) {
    weights.layers.push_back(read_layer(reader, model.spec, layer));
  }
  weights.final_norm.weight = reader.tensor({"model.norm.weight", "output_norm.weight"}, {d});
  const Name head = {"lm_head.weight", "output.weight"};
  const bool tied =
      reader.is_gguf() ? !reader.has_tensor(head) : reader.flag_or({"tie_word_embeddings", ""}, false);
  weights.unembed = whole(tied ? weights.embedding : reader.tensor(head, {n_vocab, d}), nullptr, n_vocab, d);
  LIMPID_CHECK_OK(reader.status());
  return model;
}

}  // namespace

extern const Family k_llama;
const Family k_llama = {"llama", "llama", "Llama 1-3, SmolLM2, TinyLlama, Yi, CodeLlama, Vicuna", describe};

}  // namespace limpid
