#include "analyses/predictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace limpid {

namespace {

/// Sum of exp(logit - largest).
double sum_of_exponentials(std::span<const float> logits, float largest) {
  double total = 0;
  for (const float logit : logits)
    total += std::exp(static_cast<double>(logit) - static_cast<double>(largest));
  return total;
}

}  // namespace

std::vector<Prediction> top_predictions(std::span<const float> logits, size_t count) {
  count = std::min(count, logits.size());
  std::vector<int> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto before = [&](int a, int b) {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count), before);
  if (count == 0) return {};

  const double largest = static_cast<double>(logits[static_cast<size_t>(ids.front())]);
  const double total = sum_of_exponentials(logits, logits[static_cast<size_t>(ids.front())]);
  std::vector<Prediction> top;
  for (size_t i = 0; i < count; ++i) {
    const float logit = logits[static_cast<size_t>(ids[i])];
    top.push_back({ids[i], logit, std::exp(static_cast<double>(logit) - largest) / total});
  }
  return top;
}

Prediction prediction_of(std::span<const float> logits, int id) {
  const float largest = *std::ranges::max_element(logits), logit = logits[static_cast<size_t>(id)];
  const double weight = std::exp(static_cast<double>(logit) - static_cast<double>(largest));
  return {id, logit, weight / sum_of_exponentials(logits, largest)};
}

}  // namespace limpid
