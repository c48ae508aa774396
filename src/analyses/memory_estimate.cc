#include "analyses/memory_estimate.h"

#include <algorithm>
#include <fmt/format.h>

#include "forward/decode.h"

namespace limpid {

namespace {

constexpr size_t kProgram = size_t{96} << 20;  // code, libraries, tokenizer, thread stacks

size_t stored_bytes(const LinearWeights& linear) {
  size_t bytes = 0;
  for (const RowSlice& slice : linear.rows) {
    bytes += slice.count * (slice.tensor->data.size() / std::max<size_t>(slice.tensor->n_row(), 1));
  }
  return bytes;
}

/// Of the projections in use: the packed form of one and the file's pages under it; attribution decodes the
/// output projection once more.
size_t projection_bytes(const ModelDescription& model) {
  size_t largest = 0, attention_out = 0;
  for (const LayerWeights& layer : model.weights.layers) {
    for_each_linear(layer, [&](const LinearWeights& l) {
      bool transposed = false;
      for (const RowSlice& slice : l.rows) transposed = transposed || slice.transposed;
      const size_t decoded = l.n_out * l.n_in * sizeof(float);
      largest = std::max(largest, decoded * (transposed ? 2 : 1) + stored_bytes(l));
    });
    attention_out =
        std::max(attention_out, layer.attention_out.n_out * layer.attention_out.n_in * sizeof(float));
  }
  return largest + attention_out;
}

/// Buffers of one block: states, the FFN's hidden layer, attention of all heads and shares.
size_t block_bytes(const ModelSpec& spec, size_t n_tok) {
  const size_t d_mlp = static_cast<size_t>(spec.moe ? std::max(spec.d_mlp, spec.moe->d_expert) : spec.d_mlp);
  const size_t per_token =
      6 * static_cast<size_t>(spec.d_model) + 3 * d_mlp + static_cast<size_t>(spec.d_query());
  const size_t shares = std::min(n_tok * n_tok * static_cast<size_t>(spec.n_head), size_t{16} << 20);
  return sizeof(float) * (n_tok * per_token + 2 * shares + static_cast<size_t>(spec.n_vocab));
}

std::string megabytes(size_t bytes) {
  return fmt::format("{} MB", (bytes + 999'999) / 1'000'000);
}

}  // namespace

MemoryEstimate estimate_memory(const ModelDescription& model, const Checkpoint& checkpoint,
                               const Backend& backend, size_t n_tok, bool block_outputs) {
  MemoryEstimate estimate;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    estimate.stored_bytes += tensor.data.size() + (tensor.scale ? tensor.scale->data.size() : 0);
  }
  const auto add = [&](const LinearWeights& l) {
    estimate.packed_bytes += l.n_out * l.n_in * backend.bytes_per_weight(weight_precision(l));
  };
  for (const LayerWeights& layer : model.weights.layers) for_each_linear(layer, add);
  const ModelSpec& spec = model.spec;
  const auto d = static_cast<size_t>(spec.d_model);
  const size_t per_layer = (block_outputs ? 4 : 2) * d + static_cast<size_t>(spec.d_query()) +
                           2 * static_cast<size_t>(spec.d_kv());
  estimate.trace_bytes = n_tok * sizeof(float) * (d + static_cast<size_t>(spec.n_layer) * per_layer);
  estimate.scratch_bytes = kProgram + projection_bytes(model) + block_bytes(spec, n_tok);
  return estimate;
}

const char* name(MemoryPolicy policy) {
  switch (policy) {
    case MemoryPolicy::kResident:
      return "resident";
    case MemoryPolicy::kStreamed:
      return "streamed";
    case MemoryPolicy::kTooLarge:
      return "too_large";
  }
  return "";
}

MemoryPlan plan_memory(const MemoryEstimate& estimate, size_t budget) {
  if (estimate.working_bytes() > budget) return {MemoryPolicy::kTooLarge, 0};
  const size_t left = budget - estimate.working_bytes();
  if (estimate.packed_bytes <= left) return {MemoryPolicy::kResident, estimate.packed_bytes};
  return {MemoryPolicy::kStreamed, left};
}

Result<MemoryPlan> require_memory(const MemoryEstimate& estimate, size_t budget, size_t n_tok) {
  const MemoryPlan plan = plan_memory(estimate, budget);
  if (plan.policy != MemoryPolicy::kTooLarge) return plan;
  return fail(
      ErrorCode::kOutOfMemory,
      fmt::format("memory: a run of {} tokens needs {} even when weights are read from the file as they are "
                  "used (states {}, buffers {}); allowed are {}",
                  n_tok, megabytes(estimate.working_bytes()), megabytes(estimate.trace_bytes),
                  megabytes(estimate.scratch_bytes), megabytes(budget)),
      "shorten the prompt, or allow more with --memory");
}

size_t count_parameters(const Checkpoint& checkpoint) {
  size_t count = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (is_weight_type(tensor.type)) count += tensor.n_element();
  }
  return count;
}

}  // namespace limpid
