// The logit lens over all positions and layers.
#pragma once

#include "limpid/lens.h"

#include "api/session.h"

namespace limpid {

/// Errors: as Session::trace; kInvalidArgument for a chosen id outside the vocabulary, or a grid that would
/// not fit in memory.
Result<LensResult> lens(const Session& session, const LensRequest& request, const RunControl& control = {});

/// The same of a run that is at hand; request.prompt is not used.
Result<LensResult> lens(const Session& session, const Trace& trace, const LensRequest& request,
                        const RunControl& control = {});

}  // namespace limpid
