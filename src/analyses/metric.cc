#include "analyses/metric.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/check.h"
#include "forward/recompute.h"

namespace limpid {

namespace {

constexpr size_t kRowsAtOnce = 64;  // whose logits over the whole vocabulary are held

/// The logit of one token, of every row of the normed states.
std::vector<double> logits_of(const Model& model, ConstMatrixView normed, int token) {
  const std::vector<float> direction = model.unembed_direction(token);
  const auto bias = static_cast<double>(model.unembed_bias(token));
  const auto cap = static_cast<double>(model.spec().logit_softcap);
  std::vector<double> out(normed.rows);
  for (size_t r = 0; r < out.size(); ++r) {
    double sum = bias;
    for (size_t i = 0; i < direction.size(); ++i) {
      sum += static_cast<double>(direction[i]) * static_cast<double>(normed.at(r, i));
    }
    out[r] = cap > 0 ? cap * std::tanh(sum / cap) : sum;
  }
  return out;
}

double log_sum_exp(std::span<const float> logits) {
  const auto max = static_cast<double>(*std::ranges::max_element(logits));
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - max);
  return max + std::log(sum);
}

double probability(std::span<const float> logits, int token) {
  return std::exp(static_cast<double>(logits[static_cast<size_t>(token)]) - log_sum_exp(logits));
}

/// sum over tokens of p (log p - log q). In nats.
double divergence(std::span<const float> p, std::span<const float> q) {
  const double p_total = log_sum_exp(p), q_total = log_sum_exp(q);
  double sum = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    const double log_p = static_cast<double>(p[i]) - p_total, log_q = static_cast<double>(q[i]) - q_total;
    sum += std::exp(log_p) * (log_p - log_q);
  }
  return std::max(0.0, sum);
}

/// Calls measure(logits) for every row, few at a time.
std::vector<double> over_vocabulary(const Model& model, ConstMatrixView normed,
                                    const std::function<double(std::span<const float>)>& measure) {
  std::vector<double> out;
  Matrix logits(std::min(kRowsAtOnce, normed.rows), static_cast<size_t>(model.spec().n_vocab));
  for (size_t begin = 0; begin < normed.rows; begin += kRowsAtOnce) {
    const size_t count = std::min(kRowsAtOnce, normed.rows - begin);
    model.unembed(normed.slice_rows(begin, count), logits.view().slice_rows(0, count));
    for (size_t r = 0; r < count; ++r) out.push_back(measure(logits.row(r)));
  }
  return out;
}

}  // namespace

std::vector<double> metric_values(const Model& model, const Metric& metric, ConstMatrixView last) {
  Matrix normed(last.rows, last.cols);
  apply_norm(model, model.final_norm(), last, normed.view());
  switch (metric.kind) {
    case MetricKind::kLogit:
      return logits_of(model, normed.view(), metric.target);
    case MetricKind::kLogitDifference: {
      CHECK(metric.versus);
      std::vector<double> out = logits_of(model, normed.view(), metric.target);
      const std::vector<double> other = logits_of(model, normed.view(), *metric.versus);
      std::ranges::transform(out, other, out.begin(), std::minus<>());
      return out;
    }
    case MetricKind::kProbability:
      return over_vocabulary(model, normed.view(),
                             [&](std::span<const float> row) { return probability(row, metric.target); });
    case MetricKind::kDivergence:
      return over_vocabulary(model, normed.view(),
                             [&](std::span<const float> row) { return divergence(metric.reference, row); });
  }
  return {};
}

}  // namespace limpid
