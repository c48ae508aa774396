#include "cli/cause_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

#include "base/token_text.h"
#include "cli/options.h"

namespace limpid {

void CauseOptions::add_to(CLI::App& app) {
  auto* text = app.add_option("--against", against,
                              "Another prompt of as many tokens, whose run gives values of mean and "
                              "counterfactual")
                   ->option_text("PROMPT")
                   ->group(kPromptGroup);
  app.add_option("--against-ids", against_ids, "Its token ids instead, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("N,N,...")
      ->excludes(text)
      ->group(kPromptGroup);
  app.add_option("--token", token,
                 "Look at what is predicted after this token: 0 is the first, negative numbers count from "
                 "the end")
      ->capture_default_str()
      ->group(kPromptGroup);
  app.add_option("--target", target,
                 "The token that the metric is of, as text or #ID; without it the top one")
      ->option_text("TOKEN")
      ->group(kMetricGroup);
  app.add_option("--versus", versus, "The token that the target's logit is compared with")
      ->option_text("TOKEN")
      ->group(kMetricGroup);
  std::vector<std::string> names;
  names.reserve(kMetricKinds.size());
  for (const MetricKind kind : kMetricKinds) names.emplace_back(name(kind));
  app.add_option("--metric", metric, "Without it logit-diff where --versus is given, else logit")
      ->check(CLI::IsMember(names))
      ->group(kMetricGroup);
}

std::optional<Prompt> CauseOptions::other(const Prompt& prompt) const {
  if (against.empty() && against_ids.empty()) return std::nullopt;
  Prompt out = prompt;
  out.text = against;
  out.ids = against_ids;
  return out;
}

MetricRequest CauseOptions::request() const {
  MetricRequest out{.target = target, .versus = versus};
  const auto kind =
      std::ranges::find(kMetricKinds, metric, [](MetricKind k) { return std::string(name(k)); });
  if (kind != kMetricKinds.end()) out.kind = *kind;
  return out;
}

std::string metric_text(const ResolvedMetric& metric) {
  const auto token = [](const Piece& piece) { return fmt::format("'{}'", mark_blanks(piece.text)); };
  switch (metric.kind) {
    case MetricKind::kLogit:
      return "logit of " + token(metric.target);
    case MetricKind::kLogitDifference:
      return fmt::format("logit of {} less that of {}", token(metric.target), token(*metric.versus));
    case MetricKind::kProbability:
      return "probability of " + token(metric.target);
    case MetricKind::kDivergence:
      return "divergence of the predictions (KL, nats)";
  }
  return "";
}

std::string paint_signed(const Terminal& terminal, double value, int width, int decimals) {
  const std::string text = fmt::format("{:>+{}.{}f}", value, width, decimals);
  return terminal.paint(value > 0 ? Ink::kAttention : value < 0 ? Ink::kFfn : Ink::kMuted, text);
}

}  // namespace limpid
