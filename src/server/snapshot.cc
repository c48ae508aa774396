#include "server/snapshot.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "figures/figure.h"
#include "server/json_answers.h"
#include "server/snapshot_parts.h"
#include "server/traces.h"

#include "api/fingerprint.h"
#include "api/json.h"
#include "api/json_parts.h"
#include "api/runtime.h"

namespace limpid {

namespace {

constexpr size_t kLensTop = 5;     // that the page shows of a state
constexpr double kMinFlow = 0.01;  // of an edge that a figure draws

class Taker {
 public:
  Taker(const Session& session, Explanation& explanation, RouteOptions options, const RunControl& control,
        const SnapshotLimits& limits)
      : session_(session),
        explanation_(explanation),
        trace_(explanation.trace()),
        options_(options),
        control_(control),
        limits_(limits) {}

  Result<Snapshot> take() {
    LIMPID_TRY(route_, explanation_.route(options_));
    LIMPID_CHECK_OK(run());
    LIMPID_CHECK_OK(shares());
    LIMPID_CHECK_OK(lenses());
    LIMPID_CHECK_OK(attention());
    LIMPID_CHECK_OK(parts());
    draw();
    Json head = {{"version", version()},
                 {"model", session_.name()},
                 {"token", explanation_.position()},
                 {"threshold", shortest(options_.threshold)},
                 {"renormalize", options_.renormalize},
                 {"has_maps", has_maps_},
                 {"left_out", left_out_}};
    std::string json = dump_line(head);
    json.erase(json.rfind('}'));
    for (const auto& [key, value] : values_) json += fmt::format(",\"{}\":{}", key, value);
    return Snapshot{json + "}\n", left_out_};
  }

 private:
  void add(std::string_view key, std::string_view json) { values_.emplace_back(key, without_blanks(json)); }

  int n_layer() const { return trace_.spec.n_layer; }

  /// As GET /traces/{id} tells it.
  Status run() {
    // The trace outlives this: it is the explanation's.
    const std::shared_ptr<const Trace> trace(std::shared_ptr<const void>(), &trace_);
    const OpenModelPtr model(
        new OpenModel{session_.name(), fingerprint(session_.model().checkpoint()), session_});
    LIMPID_TRY(const StoredTracePtr stored, make_stored(model, {trace_.ids}, trace, 0, control_));
    stored->seconds.predictions = 0;  // the same file every time
    stored->warnings = explanation_.warnings();
    for (const NamedPrediction& p : stored->predictions[static_cast<size_t>(explanation_.position())])
      predicted_.push_back(p.prediction.id);
    add("trace", trace_json(*stored));
    add("route", dump_line(explanation_without_path()));
    return {};
  }

  /// Where the model lies is nobody's business.
  Json explanation_without_path() const {
    Json json = explanation_of(session_, explanation_, route_);
    json["model"]["path"] =
        std::filesystem::path(json["model"]["path"].get<std::string>()).filename().string();
    return json;
  }

  Status shares() {
    float floor = kLeastThreshold;
    LIMPID_TRY(const SharesResult all, explanation_.shares(floor));
    std::string json = without_blanks(to_json(all));
    if (json.size() > limits_.n_share_byte && floor < options_.threshold) {
      floor = options_.threshold;
      LIMPID_TRY(const SharesResult few, explanation_.shares(floor));
      json = without_blanks(to_json(few));
      left_out_.push_back(fmt::format("Thresholds below {:g} are not in this file.", floor));
    }
    add("shares", json);
    return {};
  }

  Status lenses() {
    LensRequest request;
    request.n_predictions = kLensTop;
    request.chosen = predicted_;
    const bool all = trace_.n_tok() * static_cast<size_t>(n_layer()) <= limits_.n_cell;
    if (!all) {
      request.positions = {explanation_.position()};
      left_out_.emplace_back("Of the lens only the column of the explained token is in this file.");
    }
    LIMPID_TRY(LensResult post, session_.lens(trace_, request, control_));
    std::string json = fmt::format("{{\"post\":{}", to_json(post));
    if (all) {
      request.chosen = {};
      request.state = StateKind::kMid;
      LIMPID_TRY(const LensResult mid, session_.lens(trace_, request, control_));
      LIMPID_TRY(const LensResult pre, before_layers(std::move(post)));
      json += fmt::format(",\"mid\":{},\"pre\":{}", to_json(mid), to_json(pre));
    }
    add("lens", json + "}");
    return {};
  }

  /// A layer starts from what the one below leaves; only the embeddings are read anew.
  Result<LensResult> before_layers(LensResult post) const {
    std::vector<InspectRequest> requests(trace_.n_tok());
    for (size_t at = 0; at < requests.size(); ++at) {
      requests[at].subject = to_string(Node{NodeKind::kEmbed, 0, static_cast<int>(at)});
      requests[at].n_prediction = kLensTop;
    }
    LIMPID_TRY(const std::vector<Inspection> embedded, session_.inspect(trace_, requests, control_));
    post.state = StateKind::kPre;
    post.chosen.clear();
    post.rows.pop_back();
    auto& first = *post.rows.emplace(post.rows.begin());
    for (const Inspection& of_token : embedded) {
      LensCell& cell = first.emplace_back();
      cell.entropy = *of_token.entropy;
      for (const RankedPrediction& p : of_token.predictions) cell.top.push_back(p.token);
    }
    for (auto& row : post.rows) {
      for (LensCell& cell : row) cell.chosen.clear();
    }
    return post;
  }

  Status attention() {
    const size_t n_value = 2 * trace_.n_tok() * trace_.n_tok();
    const size_t n_head = static_cast<size_t>(n_layer() * trace_.spec.n_head);
    AttentionRequest request;
    has_maps_ = n_value * n_head <= limits_.n_map_value;
    if (!has_maps_) {
      request.heads = strongest_heads(route_, limits_.n_map_value / n_value);
      left_out_.push_back(
          fmt::format("Attention maps of {} of {} heads are in this file, those that carry most.",
                      request.heads.size(), n_head));
    }
    if (!has_maps_ && request.heads.empty()) {
      add("attention", "null");
      return {};
    }
    LIMPID_TRY(const AttentionResult maps, session_.attention(trace_, request, control_));
    add("attention", to_json(maps));
    return {};
  }

  Status parts() {
    const PartsRequest request = {route_, predicted_, explanation_.position(), limits_.n_part};
    LIMPID_TRY(const PartsAnswer answer, look_at_parts(session_, trace_, request, control_));
    if (answer.n_left_out > 0) {
      left_out_.push_back(fmt::format(
          "Details of {} parts of the route with little flow are not in this file.", answer.n_left_out));
    }
    add("parts", answer.json);
    return {};
  }

  void draw() {
    const RouteRun run = {session_.name(), explanation_.tokens(), explanation_.predictions()};
    Json figures;
    for (const auto& [name, theme] : {std::pair("light", light_theme()), std::pair("dark", dark_theme())}) {
      FigureOptions options;
      options.theme = theme;
      figures[name] = route_figure(route_, run, kMinFlow, options);
    }
    add("figures", dump_line(figures));
  }

  const Session& session_;
  Explanation& explanation_;
  const Trace& trace_;
  const RouteOptions options_;
  const RunControl& control_;
  const SnapshotLimits limits_;
  Route route_;
  std::vector<int> predicted_;  // ids, the most probable first
  bool has_maps_ = false;       // of all heads
  std::vector<std::pair<std::string, std::string>> values_;
  std::vector<std::string> left_out_;
};

/// What the page's slider can be at.
float page_threshold(float threshold) {
  return std::round(std::clamp(threshold, kLeastThreshold, kMostThreshold) * 1000) / 1000;
}

}  // namespace

Result<Snapshot> snapshot(const Session& session, Explanation& explanation, RouteOptions options,
                          const RunControl& control, const SnapshotLimits& limits) {
  options.threshold = page_threshold(options.threshold);
  return Taker(session, explanation, options, control, limits).take();
}

}  // namespace limpid
