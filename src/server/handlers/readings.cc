#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "server/handlers/handlers.h"
#include "server/query.h"

#include "api/inspect.h"
#include "api/json.h"
#include "api/lens.h"
#include "api/shares.h"
#include "api/token_choice.h"

namespace limpid {

namespace {

constexpr size_t kPredictions = 5;
constexpr int kMostPositions = 1 << 24;
constexpr size_t kMostChosen = 20;
constexpr size_t kLongestName = 100;    // of a node
constexpr size_t kLongestToken = 1000;  // bytes of a token's text

Answer<int> position_of(const Query& query, const Trace& trace) {
  SERVER_TRY(const int token, query.integer("token", -1, -kMostPositions, kMostPositions));
  SERVER_TRY(const int position, resolve_position(token, trace.n_tok()));
  return position;
}

/// What a reading works on: one at a time of each trace.
using Reading = std::function<Answer<std::string>(StoredTrace& trace, const RunControl& control)>;

Answer<HttpResponse> read(App& app, const Call& call, const StoredTracePtr& trace, const Reading& reading) {
  std::string body;
  const auto work = [&](const RunControl& control) -> Answer<void> {
    const std::scoped_lock lock(trace->mutex);
    SERVER_TRY(body, reading(*trace, control));
    app.traces.has_grown(*trace);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return json(std::move(body));
}

/// Bytes that shares above a threshold below the floor may take: of a state at most one pair of tokens for
/// each such part of 1, with all heads.
size_t worst_bytes(const Trace& trace, double threshold) {
  const double n_tok = static_cast<double>(trace.n_tok());
  const double n_pair = std::min(n_tok, threshold > 0 ? 1 / threshold : n_tok) + 1;
  return static_cast<size_t>(n_tok * trace.spec.n_layer * n_pair *
                             (sizeof(KeyShare) + static_cast<double>(trace.spec.n_head) * sizeof(HeadShare)));
}

/// Below the floor shares are computed for this answer alone: kept, they could outgrow everything.
Answer<std::shared_ptr<Contributions>> shares_for(const App& app, const StoredTrace& trace,
                                                  double threshold) {
  if (threshold >= Contributions::kDefaultFloor) return trace.contributions;
  if (worst_bytes(*trace.trace, threshold) > app.traces.capacity()) {
    return bad_request(
        fmt::format("threshold: expected at least {} of a run of {} tokens, found {}",
                    Contributions::kDefaultFloor, trace.trace->n_tok(), threshold),
        "smaller ones take more memory than cache_bytes; `limpid explain --threshold` has no such limit");
  }
  return std::make_shared<Contributions>(trace.model->session.model(), *trace.trace,
                                         static_cast<float>(threshold));
}

}  // namespace

Answer<HttpResponse> get_route(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"token", "threshold", "renormalize"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  SERVER_TRY(const int position, position_of(query, *trace->trace));
  SERVER_TRY(const double threshold, query.number("threshold", RouteOptions().threshold, 0, 1));
  SERVER_TRY(const bool renormalize, query.boolean("renormalize", true));
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl&) -> Answer<std::string> {
    const Session& session = stored.model->session;
    SERVER_TRY(std::shared_ptr<Contributions> shares, shares_for(app, stored, threshold));
    SERVER_TRY(Explanation explanation,
               session.explain_prediction(stored.trace, position, kPredictions, std::move(shares)));
    SERVER_TRY(const Route route,
               explanation.route({.threshold = static_cast<float>(threshold), .renormalize = renormalize}));
    return to_json(session, explanation, route);
  });
}

Answer<HttpResponse> get_shares(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"token", "floor"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  SERVER_TRY(const int position, position_of(query, *trace->trace));
  SERVER_TRY(const double floor, query.number("floor", 0.01, 0, 1));
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl&) -> Answer<std::string> {
    SERVER_TRY(Explanation explanation,
               stored.model->session.explain_prediction(stored.trace, position, 1, stored.contributions));
    SERVER_TRY(const SharesResult result, shares(explanation, static_cast<float>(floor)));
    return to_json(result);
  });
}

Answer<HttpResponse> get_inspection(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"node", "normalize", "target"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  InspectRequest request;
  request.subject = query.text("node");
  request.target = query.text("target");
  SERVER_TRY(const size_t normalize, query.choice("normalize", {"frozen", "part", "none"}));
  request.normalize = std::array{Normalize::kFrozen, Normalize::kPart, Normalize::kNone}[normalize];
  if (request.subject.empty() || request.subject.size() > kLongestName) {
    return bad_request(
        fmt::format("node: expected 1 to {} bytes, found {}", kLongestName, request.subject.size()),
        "such as mid.5@3, head.5.1@-1 or post.4@1->mid.5@3");
  }
  if (request.target.size() > kLongestToken) {
    return bad_request(
        fmt::format("target: expected at most {} bytes, found {}", kLongestToken, request.target.size()));
  }
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl& control) -> Answer<std::string> {
    SERVER_TRY(const Inspection inspection, inspect(stored.model->session, *stored.trace, request, control));
    return to_json(inspection);
  });
}

Answer<HttpResponse> get_lens(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"state", "top", "rank_of*", "token*"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  const Session& session = trace->model->session;
  LensRequest request;
  SERVER_TRY(const size_t state, query.choice("state", {"post", "pre", "mid"}));
  request.state = std::array{StateKind::kPost, StateKind::kPre, StateKind::kMid}[state];
  SERVER_TRY(const int top, query.integer("top", 1, 1, 50));
  request.n_predictions = static_cast<size_t>(top);
  if (query.all("rank_of").size() > kMostChosen) {
    return bad_request(fmt::format("rank_of: expected at most {} tokens", kMostChosen));
  }
  for (const std::string& text : query.all("rank_of")) {
    if (text.size() > kLongestToken) {
      return bad_request(
          fmt::format("rank_of: expected at most {} bytes, found {}", kLongestToken, text.size()));
    }
    SERVER_TRY(request.chosen.emplace_back(),
               choose_token(session.vocabulary(), session.model().spec().n_vocab, text, "rank_of"));
  }
  for (const std::string& text : query.all("token")) {
    SERVER_TRY(request.positions.emplace_back(),
               parse_integer("token", text, -kMostPositions, kMostPositions));
  }
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl& control) -> Answer<std::string> {
    SERVER_TRY(const LensResult result, lens(session, *stored.trace, request, control));
    return to_json(result);
  });
}

}  // namespace limpid
