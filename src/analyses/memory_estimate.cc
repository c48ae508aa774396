#include "analyses/memory_estimate.h"

namespace limpid {

MemoryEstimate estimate_memory(const ModelDescription& model, const Checkpoint& checkpoint, size_t n_tok) {
  MemoryEstimate estimate;
  for (const auto& [name, tensor] : checkpoint.tensors) estimate.stored_bytes += tensor.data.size();

  const auto add = [&](const LinearWeights& l) { estimate.packed_bytes += l.n_out * l.n_in * sizeof(float); };
  const auto add_ffn = [&](const FfnWeights& ffn) {
    add(ffn.in);
    add(ffn.down);
  };
  for (const LayerWeights& layer : model.weights.layers) {
    add(layer.qkv);
    add(layer.attention_out);
    if (layer.ffn) add_ffn(*layer.ffn);
    if (!layer.moe) continue;
    add(layer.moe->router);
    for (const FfnWeights& expert : layer.moe->experts) add_ffn(expert);
    if (layer.moe->shared) add_ffn(*layer.moe->shared);
  }
  const ModelSpec& spec = model.spec;
  const auto d = static_cast<size_t>(spec.d_model);
  const size_t per_layer = 2 * d + static_cast<size_t>(spec.d_query()) + 2 * static_cast<size_t>(spec.d_kv());
  estimate.trace_bytes = n_tok * sizeof(float) * (d + static_cast<size_t>(spec.n_layer) * per_layer);
  return estimate;
}

size_t count_parameters(const Checkpoint& checkpoint) {
  size_t count = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    if (is_weight_type(tensor.type)) count += tensor.n_element();
  }
  return count;
}

}  // namespace limpid
