#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "model/family.h"

namespace limpid {

namespace {

std::string supported_list(Dialect dialect) {
  std::string list;
  for (const Family* family : families()) {
    const std::string_view name = dialect == Dialect::kGguf ? family->gguf_architecture : family->name;
    if (name.empty()) continue;
    if (!list.empty()) list += ", ";
    list += name;
  }
  return list;
}

/// The first thing in a description that cannot be run, or nothing.
std::optional<std::string> contradiction(const ModelSpec& spec) {
  if (spec.n_head % spec.n_kv_head != 0) {
    return fmt::format(
        "expected a number of heads that is a multiple of the key/value heads, found {} and {}", spec.n_head,
        spec.n_kv_head);
  }
  for (const RopeSpec& rope : spec.ropes) {
    const size_t n_rot = rope.inverse_frequency.size() * 2;
    if (n_rot == 0 || n_rot > static_cast<size_t>(spec.d_head)) {
      return fmt::format("expected a rotary dimension from 2 to {}, found {}", spec.d_head, n_rot);
    }
    if (rope.beyond && rope.beyond->inverse_frequency.empty() && !(n_rot > 2 && rope.beyond->factor >= 1)) {
      return fmt::format(
          "expected a dynamic rotary factor of 1 or more and 4 or more rotated coordinates, found {} and {}",
          rope.beyond->factor, n_rot);
    }
  }
  if (!(spec.norm_eps >= 0 && spec.norm_eps < 1)) {
    return fmt::format("expected a norm epsilon in [0, 1), found {}", spec.norm_eps);
  }
  if (spec.moe && spec.moe->n_expert_used > spec.moe->n_expert) {
    return fmt::format("expected at most {} experts a token, found {}", spec.moe->n_expert,
                       spec.moe->n_expert_used);
  }
  for (const float factor : {spec.attention_scale, spec.embedding_scale, spec.residual_multiplier,
                             spec.logit_scale, spec.attention_softcap, spec.logit_softcap, spec.qkv_clip}) {
    if (!std::isfinite(factor)) return fmt::format("expected finite multipliers, found {}", factor);
  }
  return std::nullopt;
}

/// What no block of ours can do, or nothing: families combine freely, these combinations do not exist yet.
std::optional<std::string> unsupported(const ModelDescription& model) {
  for (const LayerWeights& layer : model.weights.layers) {
    if (model.spec.qkv_clip > 0 && !layer.qkv.bias.empty())
      return "clipping of queries, keys and values with biases";
    const bool post_norm = layer.attention_post_norm || layer.ffn_post_norm;
    if (post_norm && model.spec.norm != NormKind::kRms) return "a LayerNorm behind a block";
  }
  return std::nullopt;
}

/// What every family's result must satisfy, whatever the file said.
Status check(const Checkpoint& checkpoint, const ModelDescription& model) {
  const auto message = [&](const std::string& what) {
    return fmt::format("{}: {}", checkpoint.path.string(), what);
  };
  if (const auto what = contradiction(model.spec)) {
    return fail(ErrorCode::kCorrupt, message(*what), "the configuration contradicts itself");
  }
  if (const auto what = unsupported(model)) {
    return fail(ErrorCode::kUnsupported, message(*what + " is not supported"));
  }
  return {};
}

/// An adapter may only change matrices that the model multiplies with; a tied embedding is two things at
/// once.
Status check_updates(const Checkpoint& checkpoint, const ModelWeights& weights) {
  std::map<const TensorInfo*, bool> is_transposed;  // of every tensor that is read by rows
  const auto collect = [&](const LinearWeights& linear) {
    for (const RowSlice& slice : linear.rows) is_transposed.emplace(slice.tensor, slice.transposed);
  };
  for (const LayerWeights& layer : weights.layers) for_each_linear(layer, collect);
  collect(weights.unembed);
  is_transposed.erase(weights.embedding);
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (!tensor.update) continue;
    const auto found = is_transposed.find(&tensor);
    if (found == is_transposed.end()) {
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("{}: an adapter of tensor '{}' is not supported", checkpoint.adapter.string(), name),
          "supported are the projections of attention and feed-forward blocks, and an untied lm_head");
    }
    if (found->second != tensor.update->is_transposed) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{}: 'fan_in_fan_out' does not fit the way in which the model stores '{}'",
                              checkpoint.adapter.string(), name),
                  "it is true for gpt2's projections and false for those of other families");
    }
  }
  return {};
}

}  // namespace

Result<ModelDescription> describe_model(const Checkpoint& checkpoint) {
  const bool gguf = checkpoint.dialect == Dialect::kGguf;
  const char* key = gguf ? "general.architecture" : "model_type";
  LIMPID_TRY(const std::optional<std::string> type, checkpoint.metadata.get_string(key));
  if (!type) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: the configuration does not name an architecture ('{}' is missing)",
                            checkpoint.path.string(), key),
                gguf ? "is this a GGUF file of a language model?" : "config.json of another kind of model?");
  }
  const auto found = std::ranges::find_if(families(), [&](const Family* family) {
    return (gguf ? family->gguf_architecture : family->name) == *type;
  });
  if (found == families().end()) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: architecture '{}' is not supported", checkpoint.path.string(), *type),
                fmt::format("supported: {}", supported_list(checkpoint.dialect)));
  }
  LIMPID_TRY(ModelDescription description, (*found)->describe(checkpoint));
  description.spec.family = (*found)->name;
  LIMPID_CHECK_OK(check(checkpoint, description));
  LIMPID_CHECK_OK(check_updates(checkpoint, description.weights));
  return description;
}

}  // namespace limpid
