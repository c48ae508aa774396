#include "analyses/checks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace limpid {

namespace {

constexpr double kRounding = 0x1p-24;  // of one float32 operation, relative

double sum_of(std::span<const float> values, double start) {
  return std::accumulate(values.begin(), values.end(), start);
}

/// How far below zero the smallest is; not a number where any is not.
double below_zero(std::span<const float> values) {
  double worst = 0;
  for (const float v : values) {
    if (std::isnan(v)) return std::nan("");
    worst = std::max(worst, -static_cast<double>(v));
  }
  return worst;
}

/// The largest magnitude; not a number where any is not.
double largest(std::span<const float> values) {
  double worst = 0;
  for (const float v : values) {
    if (std::isnan(v)) return std::nan("");
    worst = std::max(worst, std::abs(static_cast<double>(v)));
  }
  return worst;
}

}  // namespace

void Check::note(double departure, int at_layer, int at_position) {
  if (std::isnan(departure)) departure = std::numeric_limits<double>::infinity();
  if (!(departure > worst)) return;
  worst = departure;
  layer = at_layer;
  position = at_position;
}

void check_sum(ConstMatrixView a, ConstMatrixView b, ConstMatrixView sum, int layer, Check& check) {
  for (size_t t = 0; t < sum.rows; ++t) {
    const double scale = std::max(1.0, largest(sum.row(t)));
    double gap = 0;
    for (size_t i = 0; i < sum.cols; ++i) {
      const double expected = static_cast<double>(a.at(t, i)) + static_cast<double>(b.at(t, i));
      const double found = std::abs(expected - static_cast<double>(sum.at(t, i)));
      gap = std::isnan(found) ? std::numeric_limits<double>::infinity() : std::max(gap, found);
    }
    check.note(gap / scale, layer, static_cast<int>(t));
  }
}

void check_finite(ConstMatrixView state, int layer, int first_position, Check& check) {
  for (size_t t = 0; t < state.rows; ++t) {
    const auto n = std::ranges::count_if(state.row(t), [](float x) { return !std::isfinite(x); });
    check.note(static_cast<double>(n), layer, first_position + static_cast<int>(t));
  }
}

// A row's sum is off by the roundings of the softmax: of its sum over n_tok terms, one after another, and of
// each quotient.
AttentionChecks::AttentionChecks(size_t n_tok)
    : nonnegative{"attention_nonnegative", "attention is not negative"},
      reach{"attention_reach", "attention out of reach is 0"},
      sum{"attention_sum", "rows of attention sum to 1", kRounding * static_cast<double>(n_tok + 4)} {}

void check_attention(const AttentionInputs& in, std::span<const int> queries, ConstMatrixView rows, int layer,
                     AttentionChecks& checks) {
  for (size_t r = 0; r < rows.rows; ++r) {
    const int query = queries[r];
    const size_t end = static_cast<size_t>(query) + 1;
    const size_t begin = in.window > 0 && end > in.window ? end - in.window : 0;
    const std::span<const float> row = rows.row(r);
    checks.nonnegative.note(below_zero(row), layer, query);
    checks.reach.note(largest(row.first(begin)), layer, query);
    checks.reach.note(largest(row.subspan(end)), layer, query);
    const double excess = sum_of(row, 0.0) - 1;
    checks.sum.note(in.sinks.empty() || std::isnan(excess) ? std::abs(excess) : std::max(0.0, excess), layer,
                    query);
  }
}

void check_shares(std::span<const float> parts, float residual, bool degenerate, int layer, int position,
                  Check& nonnegative, Check& sum) {
  nonnegative.note(below_zero(parts), layer, position);
  nonnegative.note(below_zero({&residual, 1}), layer, position);
  const double expected = degenerate ? 0 : 1;
  sum.note(std::abs(sum_of(parts, static_cast<double>(residual)) - expected), layer, position);
}

}  // namespace limpid
