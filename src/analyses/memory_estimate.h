// What a run will take, from the description alone, before anything is loaded, and what of the weights can be
// kept within a budget.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "kernels/kernels.h"
#include "model/family.h"

namespace limpid {

struct MemoryEstimate {
  size_t stored_bytes = 0;  // tensors as they lie in the file (mapped; the system may drop them at any time)
  size_t packed_bytes = 0;  // projections of all layers, as the backend holds them
  size_t trace_bytes = 0;   // states kept for n_tok tokens
  size_t scratch_bytes =
      0;  // what comes and goes: the largest projection, buffers of a block, the program itself

  /// What a run needs beside the weights that are kept.
  size_t working_bytes() const { return trace_bytes + scratch_bytes; }
};

/// `block_outputs`: what attention and FFN add is kept too (RunOptions::keep_block_outputs).
MemoryEstimate estimate_memory(const ModelDescription& model, const Checkpoint& checkpoint,
                               const Backend& backend, size_t n_tok, bool block_outputs = false);

enum class MemoryPolicy {
  kResident,  // all weights are kept in memory
  kStreamed,  // those that do not fit are decoded from the mapped file, projection by projection, by each run
  kTooLarge,  // the run does not fit at all
};

/// "resident", "streamed", "too_large"
const char* name(MemoryPolicy policy);

struct MemoryPlan {
  MemoryPolicy policy = MemoryPolicy::kResident;
  size_t kept_bytes = 0;  // of packed weights
};

MemoryPlan plan_memory(const MemoryEstimate& estimate, size_t budget);

/// The plan, or kOutOfMemory with what would be needed.
Result<MemoryPlan> require_memory(const MemoryEstimate& estimate, size_t budget, size_t n_tok);

/// Number of weights, counting a tensor that is used twice once.
size_t count_parameters(const Checkpoint& checkpoint);

}  // namespace limpid
