// What a run predicts after every one of its tokens.
#pragma once

#include <vector>

#include "limpid/token.h"

#include "api/session.h"

namespace limpid {

/// [n_tok][n], the most probable first. Errors: kCancelled.
Result<std::vector<std::vector<NamedPrediction>>> position_predictions(const Session& session,
                                                                       const Trace& trace, size_t n,
                                                                       const RunControl& control = {});

}  // namespace limpid
