// Gradients of one number, a logit or the difference of two, with respect to every state of a run, through
// the linearised network (docs/method.md, "Target-aware scores"). Of activations only: weights have none.
//
// Products are float32, and the same bits for any number of threads.
#pragma once

#include <functional>

#include "limpid/run_control.h"
#include "limpid/target.h"

#include "attribution/linearised.h"
#include "base/matrix.h"

namespace limpid {

/// Errors: kInvalidArgument for a position or token that the run does not have.
Status check_metric(const Model& model, const Trace& trace, const LogitMetric& metric);

/// The run's own, bias and soft cap included, in double. The metric has been checked.
double metric_value(const Model& model, const Trace& trace, const LogitMetric& metric);

/// Of one layer, for the n tokens up to the metric's position; nothing behind it has a gradient. What
/// attention adds to the stream has resid_mid's gradient, what the FFN adds resid_post's.
struct LayerGradients {
  int layer = 0;
  // [n, d_model]: of the states, through everything above them.
  ConstMatrixView resid_pre, resid_mid, resid_post;
  // [n, d_model]: what of resid_pre's (of resid_mid's, but with parallel blocks) comes through the FFN.
  ConstMatrixView ffn_in;
  ConstMatrixView z;  // [n, d_query]: of the heads' outputs, before the output projection
};

/// Calls `use` for each layer, from the last down; resid_pre of layer 0 is the embedding. The views are valid
/// during the call. run.n_tok() is metric.position + 1, and the metric has been checked. Memory: some states,
/// one layer's activations, and a block of attention rows for each thread. Errors: kCancelled.
Status backward(const Linearised& run, const LogitMetric& metric, AttentionRule rule,
                const std::function<void(const LayerGradients&)>& use, const RunControl& control = {});

}  // namespace limpid
