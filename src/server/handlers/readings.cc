#include <array>
#include <fmt/format.h>

#include "server/handlers/handlers.h"
#include "server/handlers/reading.h"
#include "server/query.h"

#include "api/json.h"
#include "api/token_choice.h"

namespace limpid {

namespace {

constexpr size_t kLongestName = 100;    // of a node
constexpr size_t kLongestToken = 1000;  // bytes of a token's text
constexpr size_t kMostChosen = 20;
constexpr std::string_view kBinary = "application/octet-stream";

std::string too_long(std::string_view what, size_t most, size_t found) {
  return fmt::format("{}: expected at most {} bytes, found {}", what, most, found);
}

}  // namespace

Answer<HttpResponse> get_route(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"token", "threshold", "renormalize"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  SERVER_TRY(const RouteOptions options, route_request(query, *trace->trace));
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl&) -> Answer<HttpResponse> {
    SERVER_TRY(const ReadRoute drawn, read_route(app, stored, options));
    return json(to_json(stored.model->session, drawn.explanation, drawn.route, JsonLayout::kOneLine));
  });
}

Answer<HttpResponse> get_shares(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"token", "floor"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  SERVER_TRY(const int position, position_of(query, *trace->trace));
  SERVER_TRY(const double floor, query.number("floor", 0.01, 0, 1));
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl&) -> Answer<HttpResponse> {
    SERVER_TRY(const SharesResult result, read_shares(stored, position, floor));
    return json(to_json(result));
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
    return bad_request(too_long("target", kLongestToken, request.target.size()));
  }
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl& control) -> Answer<HttpResponse> {
    SERVER_TRY(const Inspection inspection, stored.model->session.inspect(*stored.trace, request, control));
    return json(to_json(inspection, JsonLayout::kOneLine));
  });
}

Answer<HttpResponse> get_lens(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"state", "top", "rank_of*", "token*"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  const Session& session = trace->model->session;
  LensRequest request;
  SERVER_TRY(request.state, lens_state(query));
  SERVER_TRY(const int top, query.integer("top", 1, 1, 50));
  request.n_predictions = static_cast<size_t>(top);
  if (query.all("rank_of").size() > kMostChosen) {
    return bad_request(fmt::format("rank_of: expected at most {} tokens", kMostChosen));
  }
  for (const std::string& text : query.all("rank_of")) {
    if (text.size() > kLongestToken) return bad_request(too_long("rank_of", kLongestToken, text.size()));
    SERVER_TRY(request.chosen.emplace_back(),
               choose_token(session.vocabulary(), session.model().spec().n_vocab, text, "rank_of"));
  }
  for (const std::string& text : query.all("token")) {
    SERVER_TRY(request.positions.emplace_back(),
               parse_integer("token", text, -kMostPositions, kMostPositions));
  }
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl& control) -> Answer<HttpResponse> {
    SERVER_TRY(const LensResult result, session.lens(*stored.trace, request, control));
    return json(to_json(result, JsonLayout::kOneLine));
  });
}

Answer<HttpResponse> get_attention(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"head*", "layer*"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  SERVER_TRY(const AttentionRequest request, attention_request(query, *trace->trace));
  const bool binary = call.request.header("accept").starts_with(kBinary);
  return read(app, call, trace, [&](StoredTrace& stored, const RunControl& control) -> Answer<HttpResponse> {
    SERVER_TRY(const AttentionResult result,
               stored.model->session.attention(*stored.trace, request, control));
    if (!binary) return json(to_json(result));
    return HttpResponse{.content_type = std::string(kBinary), .body = attention_bytes(result)};
  });
}

}  // namespace limpid
