// What nearly all families read alike: sizes, activation, attention, experts, and the frame around the
// layers. A family names the keys and tensors that differ; GGUF has one set of keys for all.
#pragma once

#include <functional>

#include "model/family.h"
#include "model/reader.h"
#include "model/spec.h"

namespace limpid {

/// Hugging Face keys; GGUF's are the same for every architecture. An empty key: the family has no such
/// choice. "a|b": the first that the file has.
struct SizeKeys {
  const char* d_model = "hidden_size";
  const char* n_layer = "num_hidden_layers";
  const char* n_head = "num_attention_heads";
  const char* n_kv_head = "num_key_value_heads";
  const char* d_head = "head_dim";
  const char* d_mlp = "intermediate_size";
  const char* n_ctx = "max_position_embeddings";
};

/// What a key stands for that a config.json lacks: the defaults of Hugging Face's configuration class.
struct SizeDefaults {
  int d_model = 0;  // 0: a file must say; so for n_layer, n_head and n_ctx
  int n_layer = 0;
  int n_head = 0;
  int n_ctx = 0;
  int d_mlp = 0;      // 0: 4 d_model; so where the key is null, and in GGUF files
  int n_kv_head = 0;  // 0: as many as heads; so where the key is null, and in GGUF files
  int d_head = 0;     // 0: d_model / n_head; so where the key is null, and in GGUF files
};

/// Fills every size of `spec`, checks them against each other and the rows of the embedding, sets
/// attention_scale to 1 / sqrt(d_head), and gives every layer the default LayerSpec. Stops (status()) at
/// sizes that no model has, so that later loops are bounded.
void read_sizes(ModelReader& reader, ModelSpec& spec, const Name& embedding, const SizeKeys& keys,
                const SizeDefaults& defaults);

/// The activation that Hugging Face calls so under `hf_key`; `fallback` where the file does not say (GGUF
/// never does). Refuses others by name.
Activation read_activation(ModelReader& reader, const char* hf_key, const std::string& fallback);

/// Which layers slide: those that `layer_types` names, or where the configuration has no such list,
/// `slides(layer)`. [n_layer]
std::vector<bool> sliding_layers(ModelReader& reader, const ModelSpec& spec,
                                 const std::function<bool(int layer)>& slides);
/// Sets the window of the layers that slide. One of the whole context or more is none.
void set_windows(ModelSpec& spec, int window, const std::vector<bool>& slides);
/// `sliding_window` of every layer. Where config.json lacks the key: `hf_default`; 0, as null: none.
void read_window(ModelReader& reader, ModelSpec& spec, int hf_default = 0);
/// `sliding_window` where `use_sliding_window` is on, else 0.
int read_optional_window(ModelReader& reader, int hf_default);
/// Qwen's: an optional window of the layers that `layer_types` names, or from `max_window_layers` on.
void read_late_window(ModelReader& reader, ModelSpec& spec);

/// ALiBi slopes (arXiv 2108.12409), also for head counts that are no power of two.
std::vector<float> alibi_slopes(int n_head, double max_bias = 8);

/// q, k, v and output projections with tensors of their own. GGUF stores the rotated pairs of some
/// architectures side by side (`pairs_in_gguf`).
struct AttentionNames {
  const char* q = "self_attn.q_proj";
  const char* k = "self_attn.k_proj";
  const char* v = "self_attn.v_proj";
  const char* out = "self_attn.o_proj";
};
void read_attention(ModelReader& reader, const LayerNames& names, const ModelSpec& spec, Bias qkv, Bias out,
                    bool pairs_in_gguf, LayerWeights& weights, const AttentionNames& hf = {});

/// Norms over queries and keys, as wide as spec.qk_norm says.
void read_qk_norms(ModelReader& reader, const LayerNames& names, const ModelSpec& spec,
                   LayerWeights& weights);

/// gate, up and down projections below `names`, as in Llama.
FfnWeights read_gated_ffn(ModelReader& reader, const LayerNames& names, size_t d_model, size_t d_mlp,
                          Bias bias = Bias::kNo);

/// Llama's layer: norms before attention and FFN, projections with tensors of their own, gated FFN.
LayerWeights read_llama_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names, Bias qkv,
                              Bias out, Bias mlp, bool pairs_in_gguf);

/// Whether a layer of a model with experts has a plain FFN: `mlp_only_layers`, `decoder_sparse_step`.
bool is_dense_layer(ModelReader& reader, int layer);

/// up and down projections of an FFN without gate.
FfnWeights read_plain_ffn(ModelReader& reader, const LayerNames& names, const ModelSpec& spec,
                          const char* hf_up, const char* hf_down, Bias bias);

/// A layer with norms before and behind each block (Gemma 2 and 3).
LayerWeights read_double_norm_layer(ModelReader& reader, const ModelSpec& spec, const LayerNames& names,
                                    Bias attention);

/// Names of one expert's projections: Hugging Face has a tensor for each expert (`{}` is its index), GGUF a
/// stack of them.
struct ExpertNames {
  const char* hf;  // "mlp.experts"
  const char* gate = "gate_proj";
  const char* up = "up_proj";
  const char* down = "down_proj";
};
/// n_expert gated FFNs of width spec.moe->d_expert.
std::vector<FfnWeights> read_experts(ModelReader& reader, const LayerNames& names, const ModelSpec& spec,
                                     const ExpertNames& experts);

/// Where the tensors outside the layers are, in Hugging Face files.
struct FrameNames {
  const char* prefix =
      "model.";  // "a|b": the first under which the embedding is; it may be missing from a file
  const char* embedding = "embed_tokens";
  const char* layers = "layers.";
  const char* final_norm = "norm";  // "": a norm without weights
  const char* head = "lm_head";     // outside the prefix
  const char* positions = "";       // "": none are learned
  const char* embedding_norm = "";  // "": none
};

/// A decoder, read in this order: sizes, the norm's epsilon, `configure`, then the tensors.
struct DecoderPlan {
  SizeKeys sizes = {};
  SizeDefaults defaults = {};
  NormKind norm = NormKind::kRms;
  const char* norm_eps_key = "rms_norm_eps";
  double norm_eps = 1e-6;  // where a file does not say
  FrameNames frame = {};
  bool tied_by_default = false;  // whether the embedding is the output matrix, where a file does not say
  Bias head_bias = Bias::kNo;
  /// Options of the family. Everything that read_sizes fills is there.
  void (*configure)(ModelReader& reader, ModelSpec& spec) = nullptr;
  LayerWeights (*read_layer)(ModelReader& reader, const ModelSpec& spec, const LayerNames& names,
                             int layer) = nullptr;
};

Result<ModelDescription> describe_decoder(const Checkpoint& checkpoint, const DecoderPlan& plan);

}  // namespace limpid
