#include "analyses/faithfulness.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace limpid {

namespace {

template <class Key>
std::vector<size_t> ranked(std::span<const double> scores, const Key& key) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, std::ranges::greater(), [&](size_t i) { return key(scores[i]); });
  return order;
}

std::vector<double> ranks(std::span<const double> values) {
  const std::vector<size_t> order = ranked(values, [](double x) { return x; });
  std::vector<double> out(values.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && values[order[end]] == values[order[begin]]) ++end;
    for (size_t i = begin; i < end; ++i) out[order[i]] = static_cast<double>(begin + end - 1) / 2;
    begin = end;
  }
  return out;
}

}  // namespace

std::span<const double> kept_fractions() {
  static constexpr std::array kFractions = {0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2,
                                            0.3, 0.4,   0.5,  0.6,  0.7,  0.8, 0.9,  1.0};
  return kFractions;
}

std::vector<size_t> ranked_by_score(std::span<const double> scores) {
  return ranked(scores, [](double x) { return x; });
}

std::vector<size_t> ranked_by_size(std::span<const double> scores) {
  return ranked(scores, [](double x) { return std::abs(x); });
}

Patches keep_only(RunPair& runs, std::span<const size_t> ranked, size_t n_keep) {
  Patches patches;
  for (const size_t component : ranked.subspan(n_keep)) replace_component(runs, component, patches);
  return patches;
}

double integral(std::span<const double> fractions, std::span<const double> values) {
  double sum = 0;
  for (size_t i = 1; i < values.size(); ++i) {
    sum += (fractions[i] - fractions[i - 1]) * (values[i] + values[i - 1]) / 2;
  }
  return sum;
}

double spearman(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> x = ranks(a), y = ranks(b);
  const double mean = static_cast<double>(x.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : 0;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

}  // namespace limpid
