#include "analyses/memory_estimate.h"

namespace limpid {

MemoryEstimate estimate_memory(const ModelDescription& model, const Checkpoint& checkpoint, size_t n_tok) {
  MemoryEstimate estimate;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    estimate.stored_bytes += tensor.data.size() + (tensor.scale ? tensor.scale->data.size() : 0);
  }

  const auto add = [&](const LinearWeights& l) { estimate.packed_bytes += l.n_out * l.n_in * sizeof(float); };
  for (const LayerWeights& layer : model.weights.layers) for_each_linear(layer, add);
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
