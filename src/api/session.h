// Session (limpid/session.h) with the insides that it names, for the library's own front ends.
#pragma once

#include "limpid/session.h"

#include "analyses/predictions.h"
#include "api/open_model.h"
#include "api/vocabulary.h"
#include "attribution/contributions.h"
#include "base/result.h"
#include "forward/model.h"
#include "forward/run.h"
#include "forward/trace.h"
#include "graph/route.h"

namespace limpid {

/// Resolves a position that may count from the end. Errors: kInvalidArgument naming the allowed range.
Result<int> resolve_position(int position, size_t n_tok);

}  // namespace limpid
