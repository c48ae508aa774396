// Runs a model over a prompt once, in float32, and keeps its states. A trace holds what later tokens need of
// earlier ones, their keys and values, so it can go on.
#pragma once

#include <memory>
#include <span>

#include "limpid/run_control.h"

#include "base/result.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

struct RunOptions {
  bool keep_block_outputs = false;  // fill LayerTrace::attention_out and ffn_out
  size_t room = 0;  // tokens for which memory is set aside at once; more are possible, at the price of moves
  std::shared_ptr<const Patches> patches = nullptr;  // what the run replaces
};

/// Errors: kInvalidArgument (no tokens, more than n_ctx, an id outside the vocabulary, patches that lead to a
/// state that is not finite), kCorrupt (such a state without patches), kCancelled.
Result<Trace> run(const Model& model, std::span<const int> ids, const RunOptions& options = {},
                  const RunControl& control = {});

/// Runs more tokens behind those of the trace, which then is as if all had been run at once, up to rounding.
/// An empty trace begins here; another one keeps what it has kept so far, whatever the options say. Where
/// rotary frequencies depend on the length (RopeSpec::beyond) and change with these tokens, all are run
/// again. Errors: as run; the trace is then what it was.
Status extend(const Model& model, Trace& trace, std::span<const int> ids, const RunOptions& options = {},
              const RunControl& control = {});

/// The run of the same tokens with `patches`: what `run` with them gives, where layers below the first one
/// that is patched are taken from `clean`, a run without. Errors: as run.
Result<Trace> rerun(const Model& model, const Trace& clean, std::shared_ptr<const Patches> patches,
                    const RunControl& control = {});

/// Whether tokens are rotated alike in prompts of both lengths. Where not, the states of a trace are not
/// those that its first tokens had when they were the last ones.
bool rotates_alike(const ModelSpec& spec, size_t n_tok, size_t other);

/// Logits of the given positions, from resid_post of the last layer. [positions.size(), n_vocab]
Matrix logits(const Model& model, const Trace& trace, std::span<const int> positions);

}  // namespace limpid
