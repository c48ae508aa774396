// Options that verbs about causes share: the other run, and the metric.
#pragma once

#include <optional>
#include <string>

#include "limpid/intervention.h"

#include "cli/terminal.h"

namespace CLI {
class App;
}

namespace limpid {

inline constexpr const char* kMetricGroup = "Metric";

struct CauseOptions {
  std::string against;  // a prompt
  std::vector<int> against_ids;
  int token = -1;
  std::string metric;
  std::string target, versus;

  void add_to(CLI::App& app);
  /// As `prompt` in everything but its text.
  std::optional<Prompt> other(const Prompt& prompt) const;
  MetricRequest request() const;
};

/// "logit of ' Mary' - ' John'"
std::string metric_text(const ResolvedMetric& metric);

/// A number with its sign, in the ink of growing or shrinking.
std::string paint_signed(const Terminal& terminal, double value, int width, int decimals);

}  // namespace limpid
