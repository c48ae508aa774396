// What handlers have in common that look at a run which is at hand.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "limpid/attention.h"
#include "limpid/lens.h"
#include "server/app.h"
#include "server/query.h"

namespace limpid {

/// ?token=, which may count from the end.
Answer<int> position_of(const Query& query, const Trace& trace);
/// ?token=, ?threshold= and ?renormalize= of a run.
Answer<RouteOptions> route_request(const Query& query, const Trace& trace);
/// ?state=
Answer<StateKind> lens_state(const Query& query);
/// ?head=5.1&layer=5, several of each, or none of both for all heads. 413 when their maps are too large for
/// one answer.
Answer<AttentionRequest> attention_request(const Query& query, const Trace& trace);

struct ReadRoute {
  Explanation explanation;
  Route route;
};
/// The route that is asked for, drawn from the shares that are kept or, below their floor, where they could
/// outgrow everything, from some for this answer alone. 400 where even these would take too much memory.
Answer<ReadRoute> read_route(const App& app, StoredTrace& trace, const RouteOptions& options);
/// All that a client needs to draw routes of at least this threshold.
Answer<SharesResult> read_shares(StoredTrace& trace, int position, double floor);

/// Runs a reading in its turn, as the only one of that run.
using Reading = std::function<Answer<HttpResponse>(StoredTrace& trace, const RunControl& control)>;
Answer<HttpResponse> read(App& app, const Call& call, const StoredTracePtr& trace, const Reading& reading);

/// The binary form of maps that openapi.json describes.
std::string attention_bytes(const AttentionResult& result);

}  // namespace limpid
