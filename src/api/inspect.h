// What a node, an edge, a head or a neuron is made of and says.
#pragma once

#include "limpid/inspect.h"

#include "api/session.h"

namespace limpid {

/// Runs the prompt and looks at one thing of the run. Errors: as Session::trace; kInvalidArgument for a
/// subject that the model or the prompt does not have, or a target that is not one token.
Result<Inspection> inspect(const Session& session, const InspectRequest& request,
                           const RunControl& control = {});

/// The same of a run that is at hand; request.prompt is not used.
Result<Inspection> inspect(const Session& session, const Trace& trace, const InspectRequest& request,
                           const RunControl& control = {});

}  // namespace limpid
