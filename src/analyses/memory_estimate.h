// What a run will take, from the description alone, before anything is loaded.
#pragma once

#include <cstddef>

#include "model/family.h"

namespace limpid {

struct MemoryEstimate {
  size_t stored_bytes = 0;  // tensors as they lie in the file (mapped)
  size_t packed_bytes = 0;  // projections of all layers, decoded to float32
  size_t trace_bytes = 0;   // states kept for n_tok tokens
};

MemoryEstimate estimate_memory(const ModelDescription& model, const Checkpoint& checkpoint, size_t n_tok);

/// Number of weights, counting a tensor that is used twice once.
size_t count_parameters(const Checkpoint& checkpoint);

}  // namespace limpid
