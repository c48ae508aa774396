#include <algorithm>
#include <fmt/format.h>
#include <map>

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

/// What every family's result must satisfy, whatever the file said.
Status check(const Checkpoint& checkpoint, const ModelSpec& spec) {
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", checkpoint.path.string(), what),
                "the configuration contradicts itself");
  };
  if (spec.n_head % spec.n_kv_head != 0) {
    return bad(
        fmt::format("expected a number of heads that is a multiple of the key/value heads, found {} and {}",
                    spec.n_head, spec.n_kv_head));
  }
  if (spec.rope) {
    const size_t n_rot = spec.rope->inverse_frequency.size() * 2;
    if (n_rot == 0 || n_rot > static_cast<size_t>(spec.d_head)) {
      return bad(fmt::format("expected a rotary dimension from 2 to {}, found {}", spec.d_head, n_rot));
    }
  }
  if (!(spec.norm_eps >= 0 && spec.norm_eps < 1)) {
    return bad(fmt::format("expected a norm epsilon in [0, 1), found {}", spec.norm_eps));
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
  for (const LayerWeights& layer : weights.layers) {
    for (const LinearWeights* linear : {&layer.qkv, &layer.attention_out, &layer.ffn_in, &layer.ffn_down}) {
      collect(*linear);
    }
  }
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
  LIMPID_CHECK_OK(check(checkpoint, description.spec));
  LIMPID_CHECK_OK(check_updates(checkpoint, description.weights));
  return description;
}

}  // namespace limpid
