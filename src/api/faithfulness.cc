#include "analyses/faithfulness.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <random>

#include "analyses/target_scores.h"
#include "api/causes.h"
#include "forward/batch_run.h"

namespace limpid {

namespace {

constexpr size_t kRanking = kRankings.size();
using Scores = std::array<std::vector<double>, kRanking>;

/// Sums over tokens of the scores of heads and FFNs.
std::vector<double> over_tokens(const ModelSpec& spec, const TargetScores& scores) {
  std::vector<double> out(n_component(spec));
  for (int l = 0; l < spec.n_layer; ++l) {
    for (size_t t = 0; t < scores.n_tok; ++t) {
      const auto layer = static_cast<size_t>(l);
      for (int h = 0; h < spec.n_head; ++h) {
        out[head_component(spec, l, h)] +=
            static_cast<double>(scores.heads[layer][t][static_cast<size_t>(h)]);
      }
      out[ffn_component(spec, l)] += static_cast<double>(scores.ffn[layer][t]);
    }
  }
  return out;
}

Result<std::vector<double>> target_ranking(RunPair& runs, const Metric& metric, bool counterfactual,
                                           AttentionRule rule, const RunControl& control) {
  // No edge of attention is needed.
  const TargetOptions options = {.rule = rule, .floor = 1};
  LIMPID_TRY(const TargetScores scores,
             target_scores(runs.model, runs.clean.trace(), counterfactual ? &runs.other.trace() : nullptr,
                           {metric.position, metric.target, metric.versus}, options, control));
  return over_tokens(runs.model.spec(), scores);
}

Result<std::vector<double>> share_ranking(RunPair& runs, const Metric& metric) {
  Contributions contributions(runs.model, runs.clean.trace());
  LIMPID_TRY(const Route route, extract_route(contributions, {.position = metric.position}));
  return share_scores(runs.model.spec(), route);
}

/// Of every ranking but the random one, which has no prompt.
Result<Scores> score_example(RunPair& runs, const Metric& metric, const RunControl& control) {
  Scores out;
  const auto at = [&](Ranking ranking) -> std::vector<double>& { return out[static_cast<size_t>(ranking)]; };
  using enum AttentionRule;
  LIMPID_TRY(at(Ranking::kExact), exact_scores(runs, metric, control));
  LIMPID_TRY(at(Ranking::kTarget), target_ranking(runs, metric, true, kDifferentiated, control));
  LIMPID_TRY(at(Ranking::kTargetClean), target_ranking(runs, metric, false, kDifferentiated, control));
  LIMPID_TRY(at(Ranking::kTargetFrozen), target_ranking(runs, metric, true, kFrozen, control));
  LIMPID_TRY(at(Ranking::kShares), share_ranking(runs, metric));
  LIMPID_TRY(at(Ranking::kDirect), direct_scores(runs, metric, control));
  return out;
}

/// Medians of each component over the examples: a massive activation in one prompt is no average.
std::vector<double> medians(std::span<const Scores> examples, size_t ranking) {
  std::vector<double> out(examples.front()[ranking].size());
  for (size_t c = 0; c < out.size(); ++c) {
    std::vector<double> values;
    for (const Scores& scores : examples) values.push_back(scores[ranking][c]);
    out[c] = median(std::move(values));
  }
  return out;
}

/// From 0 to 1, the same on every machine.
std::vector<double> random_scores(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  std::vector<double> out(count);
  for (double& score : out) score = static_cast<double>(random() >> 11) * 0x1p-53;
  return out;
}

/// Fisher and Yates, the same on every machine.
std::vector<size_t> shuffled(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  return order;
}

/// The runs of one example, if the model answers it right.
struct Example {
  std::unique_ptr<RunPair> runs;
  Metric metric;
  double clean = 0, counterfactual = 0;
};

Result<Example> run_example(const Session& session, const FaithfulnessExample& example,
                            const RunControl& control) {
  LIMPID_TRY(
      CauseRuns runs,
      cause_runs(session, example.prompt, example.counterfactual, -1,
                 {.kind = MetricKind::kLogitDifference, .target = example.target, .versus = example.versus},
                 control));
  Example out;
  out.metric = runs.metric;
  out.clean = runs.value(session.model(), *runs.clean);
  out.counterfactual = runs.value(session.model(), *runs.against);
  out.runs = std::make_unique<RunPair>(session.model(), runs.clean, runs.against);
  return out;
}

/// The examples that the model answers right, shuffled. `quiet` is for the single runs.
Result<std::vector<size_t>> answered_right(const Session& session, const FaithfulnessRequest& request,
                                           const RunControl& control, const RunControl& quiet) {
  const size_t count = request.examples.size();
  std::vector<size_t> right;
  size_t n_run = 0;
  for (const size_t i : shuffled(request.seed, count)) {
    LIMPID_CHECK_OK(
        control.tick("checking prompts", static_cast<double>(n_run++) / static_cast<double>(count)));
    const auto example = run_example(session, request.examples[i], quiet);
    if (!example) {
      Error error = example.error();
      error.message = fmt::format("example {}: {}", i + 1, error.message);
      return tl::unexpected(std::move(error));
    }
    if (example->clean > 0 && example->clean > example->counterfactual) right.push_back(i);
  }
  return right;
}

/// The metric of every curve at every fraction, by score and by size, of one example: n_curve * 2 *
/// n_fraction.
Result<std::vector<double>> evaluate(Example& example, std::span<const FaithfulnessCurve> curves,
                                     const RunControl& control) {
  std::vector<Patches> patches;
  for (const FaithfulnessCurve& curve : curves) {
    for (const auto& ranked : {ranked_by_score(curve.scores), ranked_by_size(curve.scores)}) {
      for (const double fraction : kept_fractions()) {
        const auto n_keep = static_cast<size_t>(std::lround(fraction * static_cast<double>(ranked.size())));
        patches.push_back(keep_only(*example.runs, ranked, n_keep));
      }
    }
  }
  LIMPID_TRY(const Matrix last, last_states(example.runs->model, example.runs->clean.trace(), patches,
                                            example.metric.position, control));
  return metric_values(example.runs->model, example.metric, last.view());
}

std::vector<std::string> component_names(const ModelSpec& spec) {
  std::vector<std::string> names;
  for (int l = 0; l < spec.n_layer; ++l) {
    for (int h = 0; h < spec.n_head; ++h) names.push_back(fmt::format("head.{}.{}", l, h));
  }
  for (int l = 0; l < spec.n_layer; ++l) names.push_back(fmt::format("ffn.{}", l));
  return names;
}

/// From sums of metrics to f, and its integrals.
void finish(const FaithfulnessResult& result, std::span<const double> sums, FaithfulnessCurve& curve) {
  const size_t n = kept_fractions().size();
  const auto n_example = static_cast<double>(result.n_evaluating);
  const auto f = [&](size_t i) {
    return (sums[i] / n_example - result.counterfactual) / (result.clean - result.counterfactual);
  };
  std::vector<double> missing;
  for (size_t i = 0; i < n; ++i) {
    curve.by_score.push_back(f(i));
    curve.by_size.push_back(f(n + i));
    missing.push_back(std::abs(1 - curve.by_size.back()));
  }
  curve.cpr = integral(kept_fractions(), curve.by_score);
  curve.cmd = integral(kept_fractions(), missing);
}

}  // namespace

const char* name(Ranking ranking) {
  switch (ranking) {
    case Ranking::kExact:
      return "exact";
    case Ranking::kTarget:
      return "target";
    case Ranking::kTargetClean:
      return "target-clean";
    case Ranking::kTargetFrozen:
      return "target-frozen";
    case Ranking::kShares:
      return "shares";
    case Ranking::kDirect:
      return "direct";
    case Ranking::kRandom:
      return "random";
  }
  return "";
}

Result<FaithfulnessResult> Session::faithfulness(const FaithfulnessRequest& request,
                                                 const RunControl& control) const {
  const ModelSpec& spec = model_->spec();
  FaithfulnessResult result{
      .model = name_, .n_layer = spec.n_layer, .n_head = spec.n_head, .seed = request.seed};
  result.components = component_names(spec);
  result.fractions.assign(kept_fractions().begin(), kept_fractions().end());
  RunControl quiet;  // the stages of single runs would make the bar jump
  quiet.stop = control.stop;

  // Two passes over the examples: which are answered right is known once they have run.
  LIMPID_TRY(const std::vector<size_t> right, answered_right(*this, request, control, quiet));
  result.n_wrong = request.examples.size() - right.size();
  if (right.size() < 2) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("examples: expected at least two that the model answers right, found {} of {}",
                            right.size(), request.examples.size()),
                "one half scores components, the other judges the scores");
  }
  const auto scoring = std::span(right).first(right.size() / 2),
             evaluating = std::span(right).subspan(right.size() / 2);
  result.n_scoring = scoring.size();
  result.n_evaluating = evaluating.size();

  std::vector<Scores> scores;
  for (const size_t i : scoring) {
    LIMPID_CHECK_OK(
        control.tick("scoring", static_cast<double>(scores.size()) / static_cast<double>(scoring.size())));
    LIMPID_TRY(Example example, run_example(*this, request.examples[i], quiet));
    LIMPID_TRY(Scores of_example, score_example(*example.runs, example.metric, quiet));
    scores.push_back(std::move(of_example));
  }
  for (const Ranking ranking : kRankings) {
    FaithfulnessCurve& curve = result.curves.emplace_back(FaithfulnessCurve{.ranking = ranking});
    curve.scores = ranking == Ranking::kRandom ? random_scores(request.seed, n_component(spec))
                                               : medians(scores, static_cast<size_t>(ranking));
    curve.spearman = spearman(curve.scores, result.curves.front().scores);
  }

  const size_t n = 2 * kept_fractions().size();
  std::vector<double> sums(result.curves.size() * n);
  size_t n_done = 0;
  for (const size_t i : evaluating) {
    LIMPID_CHECK_OK(
        control.tick("evaluating", static_cast<double>(n_done++) / static_cast<double>(evaluating.size())));
    LIMPID_TRY(Example example, run_example(*this, request.examples[i], quiet));
    LIMPID_TRY(const std::vector<double> values, evaluate(example, result.curves, quiet));
    std::ranges::transform(sums, values, sums.begin(), std::plus<>());
    result.clean += example.clean / static_cast<double>(evaluating.size());
    result.counterfactual += example.counterfactual / static_cast<double>(evaluating.size());
  }
  for (size_t c = 0; c < result.curves.size(); ++c) {
    finish(result, std::span(sums).subspan(c * n, n), result.curves[c]);
  }
  return result;
}

}  // namespace limpid
