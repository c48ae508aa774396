// Scores of a model's heads and FFNs, each at all tokens at once, for one prompt and its counterfactual
// (docs/faithfulness.md). Components are counted heads first, by layer, then FFNs.
#pragma once

#include <span>
#include <vector>

#include "limpid/faithfulness.h"
#include "limpid/route.h"
#include "limpid/run_control.h"

#include "analyses/metric.h"
#include "analyses/run_values.h"
#include "base/result.h"
#include "forward/patches.h"

namespace limpid {

size_t n_component(const ModelSpec& spec);
size_t head_component(const ModelSpec& spec, int layer, int head);
size_t ffn_component(const ModelSpec& spec, int layer);

/// A run of a prompt beside that of its counterfactual, of as many tokens.
struct RunPair {
  RunPair(const Model& model, std::shared_ptr<const Trace> clean, std::shared_ptr<const Trace> other);

  const Model& model;
  RunValues clean, other;
  int first = 0;  // position at which they differ first
};

/// Gives a component the values of the other run.
void replace_component(RunPair& runs, size_t component, Patches& patches);

/// The metric less what it is when the component alone is replaced. Errors: kCancelled.
Result<std::vector<double>> exact_scores(RunPair& runs, const Metric& metric, const RunControl& control);
/// Flow of the edges of each head, and through each FFN.
std::vector<double> share_scores(const ModelSpec& spec, const Route& route);
/// What it adds to the metric directly at the metric's position. Errors: kCancelled.
Result<std::vector<double>> direct_scores(RunPair& runs, const Metric& metric, const RunControl& control);

}  // namespace limpid
