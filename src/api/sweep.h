// How much a sweep (limpid/session.h) is.
#pragma once

#include "limpid/intervention.h"

#include "base/result.h"
#include "model/spec.h"

namespace limpid {

/// The runs of a sweep that looks at `position`. Errors: kInvalidArgument for a value that makes no sense,
/// and for more runs than any sweep may make.
Result<size_t> n_sweep_runs(const ModelSpec& spec, const SweepRequest& request, int position);

}  // namespace limpid
