#include "analyses/predictions.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace limpid {

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
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - largest);
  std::vector<Prediction> top;
  for (size_t i = 0; i < count; ++i) {
    const float logit = logits[static_cast<size_t>(ids[i])];
    top.push_back({ids[i], logit, std::exp(static_cast<double>(logit) - largest) / total});
  }
  return top;
}

}  // namespace limpid
