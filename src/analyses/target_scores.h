// Scores of every part of a run for a target: gradients of the linearised network times what the part is in
// this run and not in another (docs/method.md, "Target-aware scores").
#pragma once

#include "limpid/run_control.h"
#include "limpid/target.h"

#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

struct TargetOptions {
  AttentionRule rule = AttentionRule::kDifferentiated;
  float floor = 0.005f;  // of attention edges that are kept, as a part of TargetScores::scale()
};

/// counterfactual: a run of the same model over as many tokens; nullptr: nothing, scores are of the run as
/// it is. Two forward passes' worth of work. Errors: kInvalidArgument for another number of tokens, or a
/// position or token that the run does not have; kCancelled.
Result<TargetScores> target_scores(const Model& model, const Trace& trace, const Trace* counterfactual,
                                   const LogitMetric& metric, const TargetOptions& options = {},
                                   const RunControl& control = {});

/// What arrives at each position: the scores of its embedding, heads and FFNs. [n_tok]
struct PositionScores {
  std::vector<double> embed, heads, ffn;
};
PositionScores position_scores(const TargetScores& scores);

}  // namespace limpid
