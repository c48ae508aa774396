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
  const char* n_kv_head = "num_key_value_heads";  // absent from a file: as many as heads
  const char* d_head = "head_dim";                // absent from a file: d_model / n_head
  const char* d_mlp = "intermediate_size";        // absent from a file: 4 d_model
  const char* n_ctx = "max_position_embeddings";
  int n_ctx_default = 0;  // 0: a file must say
};

/// Fills every size of `spec`, checks them against each other and the rows of the embedding, sets
/// attention_scale to 1 / sqrt(d_head), and gives every layer the default LayerSpec. Stops (status()) at
/// sizes that no model has, so that later loops are bounded.
void read_sizes(ModelReader& reader, ModelSpec& spec, const Name& embedding, const SizeKeys& keys = {});

/// The activation that Hugging Face calls so under `hf_key`; `fallback` where the file does not say (GGUF
/// never does). Refuses others by name.
Activation read_activation(ModelReader& reader, const char* hf_key, const std::string& fallback);

/// Sets the window of every layer that slides: by `layer_types` where the configuration has them, else where
/// `slides(layer)`. A window of the whole context or more is none. Returns which layers slide, [n_layer].
std::vector<bool> set_windows(ModelReader& reader, ModelSpec& spec, int window,
                              const std::function<bool(int layer)>& slides);
/// `sliding_window` of every layer; nothing where the configuration has none.
void read_window(ModelReader& reader, ModelSpec& spec);
/// Qwen's: `sliding_window` only counts with `use_sliding_window`, from layer `max_window_layers` on.
void read_optional_window(ModelReader& reader, ModelSpec& spec);

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
