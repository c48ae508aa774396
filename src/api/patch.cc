#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "analyses/direct_attribution.h"
#include "api/causes.h"
#include "api/intervention_text.h"

namespace limpid {

namespace {

/// The run that values of another run are taken from. Errors: kInvalidArgument where there is none.
Result<RunValues*> source_of(const Intervention& intervention, std::optional<RunValues>& own,
                             std::optional<RunValues>& other) {
  switch (intervention.with.kind) {
    case Replacement::Kind::kScale:
      return nullptr;
    case Replacement::Kind::kMean:
      return other ? &*other : &*own;
    case Replacement::Kind::kCounterfactual:
      break;
  }
  if (other) return &*other;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("replace: '{}' takes its value from another run, and there is none",
                          to_string(intervention)),
              "give the other prompt with --against");
}

std::vector<NamedPrediction> name_predictions(const Session& session, std::span<const float> logits,
                                              size_t count) {
  std::vector<NamedPrediction> out;
  for (const Prediction& prediction : top_predictions(logits, count)) {
    out.push_back({prediction, session.vocabulary().piece(prediction.id)});
  }
  return out;
}

/// What each part adds to the metric directly.
Result<std::map<std::string, double>> direct_effects(const Model& model, const CauseRuns& runs,
                                                     const Trace& trace, const RunControl& control) {
  std::vector<int> tokens = {runs.metric.target};
  if (runs.metric.versus) tokens.push_back(*runs.metric.versus);
  LIMPID_TRY(const auto of_tokens, direct_attributions(model, trace, runs.position, tokens, control));
  std::map<std::string, double> effects;
  for (size_t i = 0; i < of_tokens.size(); ++i) {
    for (const LogitPart& part : of_tokens[i]) effects[part.subject] += i == 0 ? part.logit : -part.logit;
  }
  return effects;
}

std::vector<DirectChange> changes(const std::map<std::string, double>& before,
                                  const std::map<std::string, double>& after) {
  std::map<std::string, DirectChange> all;
  for (const auto& [subject, effect] : before) all[subject] = {subject, effect, 0};
  for (const auto& [subject, effect] : after) {
    DirectChange& change = all[subject];
    change.subject = subject;
    change.after = effect;
  }
  std::vector<DirectChange> out;
  for (auto& [subject, change] : all) {
    if (change.before != change.after) out.push_back(std::move(change));
  }
  std::ranges::stable_sort(out, std::ranges::greater(),
                           [](const DirectChange& c) { return std::abs(c.after - c.before); });
  return out;
}

/// Whether the intervention acts on this part, or is it.
bool is_replaced(const std::string& subject, std::span<const Intervention> interventions) {
  if (subject.starts_with("patch.")) return true;
  return std::ranges::any_of(interventions, [&](const Intervention& i) {
    if (i.place == Place::kFfn || i.place == Place::kNeurons) {
      return subject.starts_with(fmt::format("ffn.{}@", i.layer));
    }
    if (i.place != Place::kHeads) return false;
    return subject.starts_with(i.index ? fmt::format("head.{}.{}@", i.layer, *i.index)
                                       : fmt::format("head.{}.", i.layer));
  });
}

double change_of_replaced(const PatchResult& result, std::span<const Intervention> interventions) {
  double sum = 0;
  for (const DirectChange& change : result.direct) {
    if (is_replaced(change.subject, interventions)) sum += change.after - change.before;
  }
  return sum;
}

}  // namespace

const char* name(MetricKind kind) {
  switch (kind) {
    case MetricKind::kLogit:
      return "logit";
    case MetricKind::kLogitDifference:
      return "logit-diff";
    case MetricKind::kProbability:
      return "probability";
    case MetricKind::kDivergence:
      return "kl";
  }
  return "";
}

Result<Patched> Session::patch(const PatchRequest& request, const RunControl& control) const {
  LIMPID_TRY(CauseRuns runs,
             cause_runs(*this, request.prompt, request.against, request.token, request.metric, control));
  return patch(std::move(runs), request, control);
}

Result<Patched> Session::patch(CauseRuns runs, const PatchRequest& request, const RunControl& control) const {
  Patched out;
  std::vector<Intervention> interventions;
  LIMPID_TRY(out.patched, patched_run(runs, request.replace, interventions, control));
  out.clean = runs.clean;
  LIMPID_TRY(out.result,
             compare(*this, std::move(runs), *out.patched, interventions, request.n_predictions, control));
  return out;
}

Result<PatchResult> compare(const Session& session, CauseRuns runs, const Trace& patched,
                            std::span<const Intervention> interventions, size_t n_predictions,
                            const RunControl& control) {
  const Model& model = session.model();
  PatchResult result;
  result.model = session.name();
  result.position = runs.position;
  result.metric = runs.named;
  for (const Intervention& intervention : interventions) result.replace.push_back(to_string(intervention));
  result.before = runs.value(model, *runs.clean);
  result.after = runs.value(model, patched);
  if (runs.against) result.against = runs.value(model, *runs.against);
  const std::array<int, 1> positions = {runs.position};
  const Matrix before = logits(model, *runs.clean, positions), after = logits(model, patched, positions);
  result.predictions_before = name_predictions(session, before.row(0), n_predictions);
  result.predictions_after = name_predictions(session, after.row(0), n_predictions);
  Metric divergence = {.kind = MetricKind::kDivergence, .position = runs.position};
  divergence.reference = runs.metric.reference;
  const ConstMatrixView last = patched.resid_pre(model.spec().n_layer);
  result.divergence =
      metric_values(model, divergence, last.slice_rows(static_cast<size_t>(runs.position), 1)).front();
  if (runs.metric.kind == MetricKind::kLogit || runs.metric.kind == MetricKind::kLogitDifference) {
    LIMPID_TRY(const auto direct_before, direct_effects(model, runs, *runs.clean, control));
    LIMPID_TRY(const auto direct_after, direct_effects(model, runs, patched, control));
    result.direct = changes(direct_before, direct_after);
    result.direct_change = change_of_replaced(result, interventions);
  }
  result.tokens = std::move(runs.tokens);
  result.against_tokens = std::move(runs.against_tokens);
  result.warnings = std::move(runs.warnings);
  return result;
}

Result<std::shared_ptr<const Trace>> Session::patched_run(const CauseRuns& runs,
                                                          std::span<const std::string> replace,
                                                          std::vector<Intervention>& interventions,
                                                          const RunControl& control) const {
  if (replace.empty()) {
    return fail(ErrorCode::kInvalidArgument, "replace: expected at least one component, found none",
                "head.5.1@3=zero, for example");
  }
  std::optional<RunValues> own(std::in_place, *model_, runs.clean), other;
  if (runs.against) other.emplace(*model_, runs.against);
  auto patches = std::make_shared<Patches>();
  for (const std::string& text : replace) {
    LIMPID_TRY(const Intervention intervention, parse_intervention(*model_, runs.clean->n_tok(), text));
    LIMPID_TRY(RunValues* const values, source_of(intervention, own, other));
    LIMPID_CHECK_OK(add_intervention(model_->spec(), runs.clean->n_tok(), intervention, values, *patches));
    interventions.push_back(intervention);
  }
  LIMPID_CHECK_OK(require_distinct(*patches));
  LIMPID_TRY(Trace trace, rerun(*model_, *runs.clean, std::move(patches), control));
  return std::make_shared<const Trace>(std::move(trace));
}

}  // namespace limpid
