// Runs a model over a prompt once, in float32, and keeps its states.
#pragma once

#include <span>

#include "limpid/run_control.h"

#include "base/result.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

struct RunOptions {
  bool keep_block_outputs = false;  // fill LayerTrace::attention_out and ffn_out
};

/// Errors: kInvalidArgument (no tokens, more than n_ctx, an id outside the vocabulary), kCorrupt (a state
/// that is not finite), kCancelled.
Result<Trace> run(const Model& model, std::span<const int> ids, const RunOptions& options = {},
                  const RunControl& control = {});

/// Logits of the given positions, from resid_post of the last layer. [positions.size(), n_vocab]
Matrix logits(const Model& model, const Trace& trace, std::span<const int> positions);

}  // namespace limpid
