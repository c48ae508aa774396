#include <cmath>
#include <fmt/format.h>
#include <vector>

#include "attribution/backward.h"
#include "attribution/backward/blocks.h"
#include "attribution/frozen_norm.h"

namespace limpid {

namespace {

/// One logit: what it is before the cap, and the gradient of that.
struct Logit {
  double value = 0;
  std::vector<double> gradient;  // [d_model]
};

double dot(std::span<const double> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * static_cast<double>(b[i]);
  return sum;
}

Logit logit_of(const Model& model, const Trace& trace, int position, int token) {
  const std::span<const float> last =
      trace.resid_pre(model.spec().n_layer).row(static_cast<size_t>(position));
  const FrozenNorm norm(model, last);
  const std::vector<float> row = model.unembed_direction(token);
  Logit logit{static_cast<double>(model.unembed_bias(token)), norm.pull_back(row)};
  logit.value += dot(logit.gradient, last);
  if (!norm.bias().empty()) logit.value += dot(std::vector<double>(row.begin(), row.end()), norm.bias());
  return logit;
}

/// cap tanh(x / cap) / x
double cap_ratio(const Model& model, double x) {
  const auto cap = static_cast<double>(model.spec().logit_softcap);
  return cap > 0 && x != 0 ? cap * std::tanh(x / cap) / x : 1;
}

/// Calls f(sign, logit, ratio of the cap) for the metric's logits.
template <class F>
void for_each_logit(const Model& model, const Trace& trace, const LogitMetric& metric, const F& f) {
  const auto use = [&](double sign, int token) {
    const Logit logit = logit_of(model, trace, metric.position, token);
    f(sign, logit, cap_ratio(model, logit.value));
  };
  use(1, metric.target);
  if (metric.versus) use(-1, *metric.versus);
}

Status check_in_range(const char* what, int value, size_t count) {
  if (value >= 0 && static_cast<size_t>(value) < count) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected 0 to {}, found {}", what, count - 1, value));
}

}  // namespace

Status check_metric(const Model& model, const Trace& trace, const LogitMetric& metric) {
  const auto n_vocab = static_cast<size_t>(model.spec().n_vocab);
  LIMPID_CHECK_OK(check_in_range("position", metric.position, trace.n_tok()));
  LIMPID_CHECK_OK(check_in_range("target token", metric.target, n_vocab));
  return metric.versus ? check_in_range("token compared with", *metric.versus, n_vocab) : Status();
}

double metric_value(const Model& model, const Trace& trace, const LogitMetric& metric) {
  double value = 0;
  for_each_logit(model, trace, metric,
                 [&](double sign, const Logit& logit, double ratio) { value += sign * ratio * logit.value; });
  return value;
}

std::vector<float> metric_gradient(const Model& model, const Trace& trace, const LogitMetric& metric) {
  std::vector<double> sum(static_cast<size_t>(model.spec().d_model));
  for_each_logit(model, trace, metric, [&](double sign, const Logit& logit, double ratio) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += sign * ratio * logit.gradient[i];
  });
  return {sum.begin(), sum.end()};
}

}  // namespace limpid
