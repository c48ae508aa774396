// Whether the parts of a state sum to it (docs/method.md): the parts that importances are computed from,
// added up and held against the states of the run.
#pragma once

#include <span>
#include <vector>

#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// What a sum of parts may be off by, as a fraction of max(1, max |state|): the parts are rounded in another
/// order than the run rounded their sum, each to 2^-24 of itself.
constexpr double kConservationTolerance = 1e-5;

/// max |sum - state| / max(1, max |state|) of resid_mid at every position, where the sum is that of the
/// residual, every head's A u over all keys, and the bias part. [n_tok]. Memory: one head's u, a block of
/// attention rows and the sums.
std::vector<double> attention_departures(const Model& model, const Trace& trace, int layer);

/// The same of resid_post: resid_mid, every neuron's part, and the biases behind them.
std::vector<double> neuron_departures(const Model& model, const Trace& trace, int layer);

}  // namespace limpid
