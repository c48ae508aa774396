// Information flow routes: what is reachable downwards from one state over edges above a threshold.
// Method: Ferrando & Voita, "Information Flow Routes" (EMNLP 2024), with the differences in docs/method.md.
#pragma once

#include "limpid/route.h"

#include "base/result.h"
#include "graph/node.h"
#include "graph/shares.h"

namespace limpid {

/// Extracts the route, asking `shares` layer by layer, from the top, only for nodes that are reached.
/// Errors: kInvalidArgument for a position outside [0, n_tok) or a threshold outside [0, 1] (NaN too), and
/// whatever `shares` returns.
Result<Route> extract_route(ShareSource& shares, const RouteOptions& options);

}  // namespace limpid
