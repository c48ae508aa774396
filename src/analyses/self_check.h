// Whether a run is what limpid says of it (docs/method.md): states that are the sums of their parts,
// attention that is attention, shares that are shares. Needs nothing to compare with.
#pragma once

#include <vector>

#include "limpid/run_control.h"

#include "analyses/checks.h"
#include "base/result.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// The trace must have its block outputs. Streams: beside the trace there is one layer's sums and one block
/// of attention rows or shares in memory, 64 MB at most each, or a row where that is more. Errors:
/// kCancelled.
Result<std::vector<Check>> self_check(const Model& model, const Trace& trace, const RunControl& control = {});

}  // namespace limpid
