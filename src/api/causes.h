// What requests about causes have in common: the run of the prompt, that of another prompt, and a metric.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyses/intervention.h"
#include "analyses/metric.h"
#include "api/session.h"

namespace limpid {

struct CauseRuns {
  std::shared_ptr<const Trace> clean;
  std::shared_ptr<const Trace> against;  // nullptr without another prompt
  std::vector<Piece> tokens, against_tokens;
  int position = 0;
  Metric metric;
  ResolvedMetric named;
  std::vector<std::string> warnings;

  /// The metric of one of the runs.
  double value(const Model& model, const Trace& trace) const;
};

/// Errors: kInvalidArgument, saying where the two part.
Status require_as_many(const std::vector<Piece>& tokens, const std::vector<Piece>& against);

/// Errors: as a run; kInvalidArgument for prompts of different numbers of tokens, and for metrics whose
/// tokens are missing, too many or none.
Result<CauseRuns> cause_runs(const Session& session, const Prompt& prompt,
                             const std::optional<Prompt>& against, int token, const MetricRequest& metric,
                             const RunControl& control);
/// The same of runs that are at hand.
Result<CauseRuns> cause_runs(const Session& session, std::shared_ptr<const Trace> clean,
                             std::shared_ptr<const Trace> against, int position, const MetricRequest& metric);

/// What Session::patch answers, of the run that Session::patched_run made of these interventions. Errors:
/// kCancelled.
Result<PatchResult> compare(const Session& session, CauseRuns runs, const Trace& patched,
                            std::span<const Intervention> interventions, size_t n_predictions,
                            const RunControl& control);

}  // namespace limpid
