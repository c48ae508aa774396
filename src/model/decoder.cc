#include "model/decoder.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace limpid {

namespace {

constexpr int64_t kMaxWidth = int64_t{1} << 24;  // of anything; the widest models have about 2^17

void refuse_size(ModelReader& reader, const std::string& what) {
  reader.set_error(ErrorCode::kCorrupt, what, "the configuration contradicts itself");
}

void check_sizes(ModelReader& reader, const ModelSpec& spec, bool is_derived) {
  if (int64_t{spec.n_head} * spec.d_head > kMaxWidth || int64_t{spec.n_kv_head} * spec.d_head > kMaxWidth ||
      spec.d_model > kMaxWidth || spec.d_mlp > kMaxWidth) {
    refuse_size(reader, fmt::format("expected widths up to {}, found d_model {}, d_mlp {}, {} heads of {}",
                                    kMaxWidth, spec.d_model, spec.d_mlp, spec.n_head, spec.d_head));
  }
  if (is_derived && spec.d_head * int64_t{spec.n_head} != spec.d_model) {
    refuse_size(reader,
                fmt::format("expected a width that is a multiple of the number of heads, found {} and {}",
                            spec.d_model, spec.n_head));
  }
  if (reader.size_or({"vocab_size", "vocab_size"}, spec.n_vocab) != spec.n_vocab) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("vocab_size: the configuration says {}, the embedding has {} rows",
                                 reader.size_or({"vocab_size", "vocab_size"}, 0), spec.n_vocab));
  }
  reader.refuse_if(reader.size_or({"", "attention.value_length"}, spec.d_head) != spec.d_head,
                   "an architecture whose value heads and key heads differ in size");
}

}  // namespace

namespace {

/// "a|b" -> the first that the configuration has, else the first.
std::string first_of(const ModelReader& reader, std::string_view keys) {
  const std::string_view first = keys.substr(0, keys.find('|'));
  for (std::string_view rest = keys; !rest.empty();) {
    std::string key(rest.substr(0, rest.find('|')));
    if (reader.has({key, ""})) return key;
    rest.remove_prefix(std::min(rest.size(), key.size() + 1));
  }
  return std::string(first);
}

}  // namespace

void read_sizes(ModelReader& reader, ModelSpec& spec, const Name& embedding, const SizeKeys& keys,
                const SizeDefaults& defaults) {
  const auto read = [&](const char* hf, const char* gguf, int hf_default) {
    const Name name = {first_of(reader, hf), gguf};
    return hf_default > 0 && !reader.is_null(name) ? reader.size_or_hf(name, hf_default) : reader.size(name);
  };
  const auto read_or = [&](const char* hf, const char* gguf, int hf_default, int otherwise) {
    const Name name = {hf, gguf};
    const bool has_default = hf_default > 0 && !reader.is_gguf() && !reader.is_null(name);
    return reader.size_or(name, has_default ? hf_default : otherwise);
  };
  spec.n_vocab = static_cast<int>(std::min<size_t>(reader.shape(embedding, 2)[0], kMaxWidth));
  spec.d_model = read(keys.d_model, "embedding_length", defaults.d_model);
  spec.n_layer = read(keys.n_layer, "block_count", defaults.n_layer);
  spec.n_head = read(keys.n_head, "attention.head_count", defaults.n_head);
  spec.n_ctx = read(keys.n_ctx, "context_length", defaults.n_ctx);
  spec.n_kv_head = read_or(keys.n_kv_head, "attention.head_count_kv", defaults.n_kv_head, spec.n_head);
  const int d_head = read_or(keys.d_head, "attention.key_length", defaults.d_head, 0);
  spec.d_head = d_head > 0 ? d_head : std::max(spec.d_model / std::max(spec.n_head, 1), 1);
  spec.d_mlp =
      read_or(keys.d_mlp, "feed_forward_length", defaults.d_mlp, 4 * std::min(spec.d_model, 1 << 28));
  spec.attention_scale = 1.0f / std::sqrt(static_cast<float>(spec.d_head));
  check_sizes(reader, spec, d_head == 0);
  if (!reader.status()) return;
  if (static_cast<size_t>(spec.n_layer) > reader.n_tensor()) {
    reader.set_error(
        ErrorCode::kCorrupt,
        fmt::format("'{}': expected no more layers than the {} tensors, found {}",
                    reader.is_gguf() ? "block_count" : keys.n_layer, reader.n_tensor(), spec.n_layer));
    return;
  }
  spec.layers.resize(static_cast<size_t>(spec.n_layer));
}

Activation read_activation(ModelReader& reader, const char* hf_key, const std::string& fallback) {
  const std::string name = reader.text_or({hf_key, ""}, fallback);
  if (name == "silu" || name == "swish") return Activation::kSilu;
  if (name == "gelu" || name == "gelu_python") return Activation::kGelu;
  for (const char* tanh :
       {"gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_python_tanh", "gelu_accurate"}) {
    if (name == tanh) return Activation::kGeluTanh;
  }
  if (name == "relu") return Activation::kRelu;
  reader.set_error(ErrorCode::kUnsupported, fmt::format("{} '{}' is not supported", hf_key, name),
                   "supported: silu, gelu, relu, and the names of gelu's tanh form, gelu_new for one");
  return Activation::kSilu;
}

namespace {

/// Which layers slide by `layer_types`; empty where the configuration has none.
std::vector<bool> read_layer_types(ModelReader& reader, const ModelSpec& spec) {
  const std::vector<std::string> types = reader.texts({"layer_types", ""});
  if (!types.empty() && types.size() != spec.layers.size()) {
    refuse_size(reader,
                fmt::format("'layer_types': expected {} entries, found {}", spec.n_layer, types.size()));
    return {};
  }
  std::vector<bool> slides;
  for (const std::string& type : types) {
    reader.refuse_if(type != "sliding_attention" && type != "full_attention",
                     fmt::format("layer type '{}'", type));
    slides.push_back(type == "sliding_attention");
  }
  return slides;
}

}  // namespace

std::vector<bool> sliding_layers(ModelReader& reader, const ModelSpec& spec,
                                 const std::function<bool(int layer)>& slides) {
  std::vector<bool> sliding = read_layer_types(reader, spec);
  if (sliding.empty()) {
    for (int l = 0; l < spec.n_layer; ++l) sliding.push_back(slides(l));
  }
  return sliding;
}

void set_windows(ModelSpec& spec, int window, const std::vector<bool>& slides) {
  for (size_t l = 0; l < slides.size(); ++l) {
    if (slides[l] && window < spec.n_ctx) spec.layers[l].window = window;
  }
}

void read_window(ModelReader& reader, ModelSpec& spec, int hf_default) {
  const Name key = {"sliding_window", "attention.sliding_window"};
  int window = reader.is_gguf() || reader.is_null(key) ? 0 : hf_default;
  const bool is_none = reader.is_gguf() && reader.number_or(key, 0) == 0;  // as GGUF files write it
  if (reader.has(key) && !is_none) window = reader.size(key);
  if (window > 0) set_windows(spec, window, std::vector<bool>(spec.layers.size(), true));
}

int read_optional_window(ModelReader& reader, int hf_default) {
  const Name key = {"sliding_window", ""};
  if (!reader.flag_or({"use_sliding_window", ""}, false)) return 0;
  return reader.size_or(key, reader.is_null(key) ? 0 : hf_default);
}

void read_late_window(ModelReader& reader, ModelSpec& spec) {
  const int window = read_optional_window(reader, 4096);
  const double first = reader.number_or({"max_window_layers", ""}, 28);
  if (window > 0)
    set_windows(spec, window, sliding_layers(reader, spec, [first](int layer) { return layer >= first; }));
}

std::vector<float> alibi_slopes(int n_head, double max_bias) {
  int n_power = 1;
  while (2 * n_power <= n_head) n_power *= 2;
  std::vector<float> slopes;
  // Powers of two heads share an exponent's range evenly; heads beyond them lie halfway between the first.
  for (int i = 0; i < n_head; ++i) {
    const double step =
        i < n_power ? max_bias / n_power * (i + 1) : max_bias / (2 * n_power) * (2 * (i - n_power) + 1);
    slopes.push_back(static_cast<float>(std::exp2(-step)));
  }
  return slopes;
}

namespace {

/// GGUF files say by their tensors alone whether there are biases: one of several that belong together asks
/// for all.
Bias all_or_none(ModelReader& reader, Bias bias, std::initializer_list<Name> stems) {
  const bool any = std::ranges::any_of(stems, [&](const Name& stem) {
    return reader.has_tensor({"", stem.gguf + ".bias"});
  });
  return reader.is_gguf() && any ? Bias::kYes : bias;
}

}  // namespace

void read_attention(ModelReader& reader, const LayerNames& names, const ModelSpec& spec, Bias qkv, Bias out,
                    bool pairs_in_gguf, LayerWeights& weights, const AttentionNames& hf) {
  const size_t d = static_cast<size_t>(spec.d_model), d_query = static_cast<size_t>(spec.d_query()),
               d_kv = static_cast<size_t>(spec.d_kv());
  qkv = all_or_none(reader, qkv, {names("", "attn_q"), names("", "attn_k"), names("", "attn_v")});
  LinearWeights q = reader.linear(names(hf.q, "attn_q"), d_query, d, qkv);
  LinearWeights k = reader.linear(names(hf.k, "attn_k"), d_kv, d, qkv);
  if (pairs_in_gguf && reader.is_gguf() && spec.d_head % 2 == 0) {
    q = unpermute(q, static_cast<size_t>(spec.d_head));
    k = unpermute(k, static_cast<size_t>(spec.d_head));
  }
  weights.qkv = stack({q, k, reader.linear(names(hf.v, "attn_v"), d_kv, d, qkv)});
  weights.attention_out = reader.linear(names(hf.out, "attn_output"), d, d_query, out);
}

void read_qk_norms(ModelReader& reader, const LayerNames& names, const ModelSpec& spec,
                   LayerWeights& weights) {
  const bool full = spec.qk_norm == QkNorm::kFullWidth;
  const auto width = [&](int all_heads) { return static_cast<size_t>(full ? all_heads : spec.d_head); };
  weights.q_norm = reader.norm(names("self_attn.q_norm", "attn_q_norm"), width(spec.d_query()));
  weights.k_norm = reader.norm(names("self_attn.k_norm", "attn_k_norm"), width(spec.d_kv()));
}

FfnWeights read_gated_ffn(ModelReader& reader, const LayerNames& names, size_t d_model, size_t d_mlp,
                          Bias bias) {
  bias = all_or_none(reader, bias, {names("", "ffn_gate"), names("", "ffn_up"), names("", "ffn_down")});
  return {stack({reader.linear(names("mlp.gate_proj", "ffn_gate"), d_mlp, d_model, bias),
                 reader.linear(names("mlp.up_proj", "ffn_up"), d_mlp, d_model, bias)}),
          reader.linear(names("mlp.down_proj", "ffn_down"), d_model, d_mlp, bias)};
}

bool is_dense_layer(ModelReader& reader, int layer) {
  const std::vector<double> dense = reader.numbers({"mlp_only_layers", ""});
  return std::ranges::find(dense, layer) != dense.end() ||
         (layer + 1) % reader.size_or({"decoder_sparse_step", ""}, 1) != 0;
}

FfnWeights read_plain_ffn(ModelReader& reader, const LayerNames& names, const ModelSpec& spec,
                          const char* hf_up, const char* hf_down, Bias bias) {
  const auto d = static_cast<size_t>(spec.d_model), d_mlp = static_cast<size_t>(spec.d_mlp);
  return {reader.linear(names(hf_up, "ffn_up"), d_mlp, d, bias),
          reader.linear(names(hf_down, "ffn_down"), d, d_mlp, bias)};
}

LayerWeights read_llama_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, Bias qkv,
                              Bias out, Bias mlp, bool pairs_in_gguf) {
  const auto d = static_cast<size_t>(spec.d_model);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  read_attention(reader, names, spec, qkv, out, pairs_in_gguf, weights);
  weights.ffn_norm = reader.norm(names("post_attention_layernorm", "ffn_norm"), d);
  weights.ffn = read_gated_ffn(reader, names, d, static_cast<size_t>(spec.d_mlp), mlp);
  return weights;
}

LayerWeights read_double_norm_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names,
                                    Bias attention) {
  const auto d = static_cast<size_t>(spec.d_model);
  LayerWeights weights;
  weights.attention_norm = reader.norm(names("input_layernorm", "attn_norm"), d);
  read_attention(reader, names, spec, attention, attention, false, weights);
  weights.attention_post_norm = reader.norm(names("post_attention_layernorm", "post_attention_norm"), d);
  weights.ffn_norm = reader.norm(names("pre_feedforward_layernorm", "ffn_norm"), d);
  weights.ffn = read_gated_ffn(reader, names, d, static_cast<size_t>(spec.d_mlp));
  weights.ffn_post_norm = reader.norm(names("post_feedforward_layernorm", "post_ffw_norm"), d);
  return weights;
}

std::vector<FfnWeights> read_experts(ModelReader& reader, const LayerNames& names, const ModelSpec& spec,
                                     const ExpertNames& experts) {
  const auto n_expert = static_cast<size_t>(spec.moe->n_expert), f = static_cast<size_t>(spec.moe->d_expert),
             d = static_cast<size_t>(spec.d_model);
  const auto projection = [&](const char* hf, const char* gguf, size_t e, size_t n_out, size_t n_in) {
    if (!reader.is_gguf()) {
      return reader.linear(names(fmt::format("{}.{}.{}", experts.hf, e, hf), ""), n_out, n_in, Bias::kNo);
    }
    const Name name = names("", fmt::format("{}_exps.weight", gguf));
    return rows_of(whole(reader.tensor(name, {n_expert, n_out, n_in}), nullptr, n_expert * n_out, n_in),
                   e * n_out, n_out);
  };
  std::vector<FfnWeights> all;
  for (size_t e = 0; e < n_expert && reader.status(); ++e) {
    all.push_back(
        {stack({projection(experts.gate, "ffn_gate", e, f, d), projection(experts.up, "ffn_up", e, f, d)}),
         projection(experts.down, "ffn_down", e, d, f)});
  }
  return all;
}

namespace {

/// The output matrix: the embedding where tied (`tie_word_embeddings`, or absent from a GGUF file), whatever
/// else is stored. A bias is never tied.
LinearWeights read_unembed(ModelReader& reader, const ModelSpec& spec, const TensorInfo* embedding,
                           const DecoderPlan& plan) {
  const size_t d = static_cast<size_t>(spec.d_model), n_vocab = static_cast<size_t>(spec.n_vocab);
  const bool tied = reader.is_gguf() ? !reader.has_tensor({"", "output.weight"})
                                     : reader.flag_or({"tie_word_embeddings", ""}, plan.tied_by_default);
  if (!tied) return reader.linear({plan.frame.head, "output"}, n_vocab, d, plan.head_bias);
  const Name bias = {fmt::format("{}.bias", plan.frame.head), "output.bias"};
  return whole(embedding,
               plan.head_bias == Bias::kYes ? reader.tensor_if(bias, {n_vocab}, !reader.is_gguf()) : nullptr,
               n_vocab, d);
}

/// After `configure`, which may change them: families divide by these counts.
void check_heads(ModelReader& reader, const ModelSpec& spec) {
  if (spec.n_head % spec.n_kv_head == 0) return;
  refuse_size(
      reader,
      fmt::format("expected a number of heads that is a multiple of the key/value heads, found {} and {}",
                  spec.n_head, spec.n_kv_head));
}

}  // namespace

Result<ModelDescription> describe_decoder(const Checkpoint& checkpoint, const DecoderPlan& plan) {
  ModelReader reader(checkpoint);
  ModelDescription model;
  ModelSpec& spec = model.spec;
  ModelWeights& weights = model.weights;
  const FrameNames& frame = plan.frame;
  const std::string embedding_name = fmt::format("{}.weight", frame.embedding);
  const std::string prefix = reader.prefix_of(embedding_name, frame.prefix);
  const Name embedding = {prefix + embedding_name, "token_embd.weight"};

  spec.norm = plan.norm;
  read_sizes(reader, spec, embedding, plan.sizes, plan.defaults);
  spec.norm_eps = static_cast<float>(
      reader.number_or({plan.norm_eps_key, plan.norm == NormKind::kRms ? "attention.layer_norm_rms_epsilon"
                                                                       : "attention.layer_norm_epsilon"},
                       plan.norm_eps));
  LIMPID_CHECK_OK(reader.status());
  reader.refuse({"is_encoder_decoder", ""}, "a model with an encoder and a decoder");
  plan.configure(reader, spec);
  check_heads(reader, spec);
  LIMPID_CHECK_OK(reader.status());

  const size_t d = static_cast<size_t>(spec.d_model);
  weights.embedding = reader.tensor(embedding, {static_cast<size_t>(spec.n_vocab), d});
  if (*frame.positions != '\0') {
    weights.position_embedding =
        reader.tensor({fmt::format("{}{}.weight", prefix, frame.positions), "position_embd.weight"},
                      {static_cast<size_t>(spec.n_ctx) + static_cast<size_t>(spec.position_offset), d});
  }
  if (*frame.embedding_norm != '\0') {
    weights.embedding_norm = reader.norm({prefix + frame.embedding_norm, "token_embd_norm"}, d, Bias::kYes);
  }
  for (int layer = 0; layer < spec.n_layer && reader.status(); ++layer) {
    const LayerNames names(prefix + frame.layers, layer);
    weights.layers.push_back(plan.read_layer(reader, spec, names, layer));
    reader.refuse_unread_tensors(names.prefix());
  }
  // The last norm has a bias where those of the layers do.
  const bool biased = !weights.layers.empty() && weights.layers.front().attention_norm &&
                      !weights.layers.front().attention_norm->bias.empty();
  weights.final_norm = *frame.final_norm != '\0'
                           ? reader.norm({prefix + frame.final_norm, "output_norm"}, d, bias_if(biased))
                           : NormWeights{d, {}, {}, 0};
  weights.unembed = read_unembed(reader, spec, weights.embedding, plan);
  reader.refuse_unread_keys();
  LIMPID_CHECK_OK(reader.status());
  return model;
}

}  // namespace limpid
