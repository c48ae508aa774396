// What every part of a run adds to one logit directly, through the final norm and the unembedding alone:
// direct logit attribution (Elhage et al. 2021, "A mathematical framework for transformer circuits"), with
// the final norm's scale frozen at the position's last state.
#pragma once

#include <span>
#include <vector>

#include "limpid/inspect.h"
#include "limpid/run_control.h"

#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// The direction of the stream whose product with a part at `position` is what the part adds to the logit of
/// `token`. [d_model]
std::vector<double> logit_direction(const Model& model, const Trace& trace, int position, int token);

double dot(std::span<const double> direction, std::span<const float> part);

/// The embedding, every head, the biases of attention, every FFN, and what the final norm's bias, the
/// unembedding's bias and the soft cap add, in the order of the network. They sum to the logit, up to
/// rounding. Errors: kCancelled.
Result<std::vector<LogitPart>> direct_attribution(const Model& model, const Trace& trace, int position,
                                                  int token, const RunControl& control = {});
/// Of several tokens, whose parts are computed once.
Result<std::vector<std::vector<LogitPart>>> direct_attributions(const Model& model, const Trace& trace,
                                                                int position, std::span<const int> tokens,
                                                                const RunControl& control = {});

}  // namespace limpid
