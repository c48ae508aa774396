// Many runs of one prompt that differ in what they replace, at once: products with weights are made of all of
// them together, and no run computes what it shares with the run that replaces nothing.
#pragma once

#include <span>

#include "limpid/run_control.h"

#include "base/result.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// resid_post of the last layer at `position`, one row for each of `runs`. [runs.size(), d_model]. The same
/// as that of `rerun`, up to the order of sums. `clean` is a run without patches. Memory: the states of as
/// many runs at a time as fit in 64 MB. Reports the stage "runs". Errors: kInvalidArgument (patches that lead
/// to a state at `position` that is not finite), kCancelled.
Result<Matrix> last_states(const Model& model, const Trace& clean, std::span<const Patches> runs,
                           int position, const RunControl& control = {});

}  // namespace limpid
