#include "server/handlers/reading.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>

#include "api/words.h"
#include "base/stopwatch.h"

namespace limpid {

namespace {

constexpr size_t kPredictions = 5;
constexpr size_t kMostMapBytes = size_t{32} << 20;  // in one answer; as text it is more

/// Bytes that shares above a threshold below the floor may take: of a state at most one pair of tokens for
/// each such part of 1, with all heads.
size_t worst_bytes(const Trace& trace, double threshold) {
  const double n_tok = static_cast<double>(trace.n_tok());
  const double n_pair = std::min(n_tok, threshold > 0 ? 1 / threshold : n_tok) + 1;
  return static_cast<size_t>(n_tok * trace.spec.n_layer * n_pair *
                             (sizeof(KeyShare) + static_cast<double>(trace.spec.n_head) * sizeof(HeadShare)));
}

/// The shares that a route of this threshold is drawn from; see read_route.
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

/// Notes what is spent on shares while it lives.
class ShareTimer {
 public:
  ShareTimer(const Contributions& shares, RunSeconds& noted)
      : shares_(shares), noted_(noted), before_(shares.seconds()) {}
  ~ShareTimer() { noted_.contributions = noted_.contributions + spent(); }
  ShareTimer(const ShareTimer&) = delete;
  ShareTimer& operator=(const ShareTimer&) = delete;

  double beside_shares() const { return std::max(0.0, watch_.seconds() - spent()); }

 private:
  double spent() const { return shares_.seconds() - before_; }

  const Contributions& shares_;
  RunSeconds& noted_;
  double before_;
  Stopwatch watch_;
};

void append(uint32_t value, std::string& to) {
  for (int shift = 0; shift < 32; shift += 8) to += static_cast<char>(value >> shift & 0xff);
}

void append(float value, std::string& to) {
  append(std::bit_cast<uint32_t>(value), to);
}

}  // namespace

Answer<int> position_of(const Query& query, const Trace& trace) {
  SERVER_TRY(const int token, query.integer("token", -1, -kMostPositions, kMostPositions));
  SERVER_TRY(const int position, resolve_position(token, trace.n_tok()));
  return position;
}

Answer<RouteOptions> route_request(const Query& query, const Trace& trace) {
  RouteOptions options;
  SERVER_TRY(options.position, position_of(query, trace));
  SERVER_TRY(const double threshold, query.number("threshold", options.threshold, 0, 1));
  SERVER_TRY(options.renormalize, query.boolean("renormalize", options.renormalize));
  options.threshold = static_cast<float>(threshold);
  return options;
}

Answer<StateKind> lens_state(const Query& query) {
  SERVER_TRY(const size_t state, query.choice("state", {"post", "pre", "mid"}));
  return std::array{StateKind::kPost, StateKind::kPre, StateKind::kMid}[state];
}

Answer<AttentionRequest> attention_request(const Query& query, const Trace& trace) {
  const ModelSpec& spec = trace.spec;
  AttentionRequest request;
  for (const std::string& text : query.all("head")) {
    const std::optional<HeadId> head = parse_head(text);
    if (!head) return bad_request("head: expected LAYER.HEAD, as in 5.1");
    request.heads.push_back(*head);
  }
  for (const std::string& text : query.all("layer")) {
    SERVER_TRY(request.layers.emplace_back(), parse_integer("layer", text, 0, spec.n_layer - 1));
  }
  const auto n_head = static_cast<size_t>(spec.n_head), n_layer = static_cast<size_t>(spec.n_layer);
  const bool all = request.heads.empty() && request.layers.empty();
  const size_t n_map =
      all ? n_head * n_layer
          : std::min(request.heads.size() + request.layers.size() * n_head, n_head * n_layer);
  const size_t n_bytes = n_map * trace.n_tok() * trace.n_tok() * 2 * sizeof(float);
  if (n_bytes <= kMostMapBytes) return request;
  return failure(413, "too_large",
                 fmt::format("the maps of {} heads take {} MB: expected at most {} MB", n_map, n_bytes >> 20,
                             kMostMapBytes >> 20),
                 "ask for fewer heads at once");
}

Answer<ReadRoute> read_route(const App& app, StoredTrace& trace, const RouteOptions& options) {
  SERVER_TRY(const std::shared_ptr<Contributions> shares, shares_for(app, trace, options.threshold));
  SERVER_TRY(Explanation explanation,
             trace.model->session.explain(trace.trace, options.position, kPredictions, shares));
  const ShareTimer timer(*shares, trace.seconds);
  SERVER_TRY(Route route, explanation.route(options));
  trace.seconds.route = timer.beside_shares();
  return ReadRoute{std::move(explanation), std::move(route)};
}

Answer<SharesResult> read_shares(StoredTrace& trace, int position, double floor) {
  SERVER_TRY(Explanation explanation,
             trace.model->session.explain(trace.trace, position, 1, trace.contributions));
  const ShareTimer timer(*trace.contributions, trace.seconds);
  SERVER_TRY(SharesResult result, explanation.shares(static_cast<float>(floor)));
  return result;
}

Answer<HttpResponse> read(App& app, const Call& call, const StoredTracePtr& trace, const Reading& reading) {
  HttpResponse response;
  const auto work = [&](const RunControl& control) -> Answer<void> {
    const std::scoped_lock lock(trace->mutex);
    SERVER_TRY(response, reading(*trace, control));
    app.traces.has_grown(*trace);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return response;
}

std::string attention_bytes(const AttentionResult& result) {
  std::string bytes = "LIMPATT2";
  const size_t n_tok = result.n_tok();
  bytes.reserve(16 + result.heads.size() * (28 + n_tok * (n_tok + 1) * sizeof(float)));
  append(static_cast<uint32_t>(n_tok), bytes);
  append(static_cast<uint32_t>(result.heads.size()), bytes);
  for (const HeadMap& map : result.heads) {
    append(static_cast<uint32_t>(map.id.layer), bytes);
    append(static_cast<uint32_t>(map.id.head), bytes);
    const HeadSummary& means = map.summary;
    for (const double mean :
         {means.entropy, means.first, means.first_contribution, means.self, means.contribution}) {
      append(static_cast<float>(mean), bytes);
    }
    for (const std::vector<float>* values : {&map.attention, &map.contribution}) {
      for (size_t query = 0; query < n_tok; ++query) {
        for (size_t key = 0; key <= query; ++key) append((*values)[query * n_tok + key], bytes);
      }
    }
  }
  return bytes;
}

}  // namespace limpid
