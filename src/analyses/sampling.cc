#include "analyses/sampling.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace limpid {

namespace {

/// In [0, 1), from the upper 53 bits. The distributions of the standard library differ between libraries.
double uniform(std::mt19937_64& random) {
  return static_cast<double>(random() >> 11) * 0x1p-53;
}

/// Ids of the `count` largest logits, descending; of all of them in any order when `sorted` is not asked for.
std::vector<int> largest(std::span<const float> logits, size_t count, bool sorted) {
  std::vector<int> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  if (!sorted) return ids;
  const auto before = [&](int a, int b) {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  };
  std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(count), before);
  ids.resize(count);
  return ids;
}

/// exp((logit - largest) / temperature) of each id: probabilities but for their sum.
std::vector<double> weights_of(std::span<const float> logits, std::span<const int> ids, double temperature) {
  const auto logit = [&](int id) { return static_cast<double>(logits[static_cast<size_t>(id)]); };
  double top = logit(ids.front());
  for (const int id : ids) top = std::max(top, logit(id));
  std::vector<double> weights;
  weights.reserve(ids.size());
  for (const int id : ids) weights.push_back(std::exp((logit(id) - top) / temperature));
  return weights;
}

/// The fewest of the first weights that together have this part of the sum; at least one. weights:
/// descending.
size_t nucleus(std::span<const double> weights, double part) {
  const double enough = part * std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i];
    if (sum >= enough) return i + 1;
  }
  return weights.size();
}

}  // namespace

Result<Sampler> Sampler::create(const Sampling& options) {
  if (!(options.temperature >= 0) || std::isinf(options.temperature)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("temperature: expected a finite number of at least 0, found {}", options.temperature),
        "0 takes the most probable token, 1 draws from the model's own distribution");
  }
  if (options.top_k < 0) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("top-k: expected a number of at least 0, found {}", options.top_k),
                "0 keeps all tokens");
  }
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("top-p: expected a number above 0 and up to 1, found {}", options.top_p),
                "1 keeps all tokens");
  }
  return Sampler(options);
}

int Sampler::pick(std::span<const float> logits) {
  if (options_.temperature == 0) {
    return static_cast<int>(std::ranges::max_element(logits) - logits.begin());
  }
  const size_t k = options_.top_k == 0 ? logits.size() : static_cast<size_t>(options_.top_k);
  const size_t count = std::min(k, logits.size());
  const std::vector<int> ids = largest(logits, count, count < logits.size() || options_.top_p < 1);
  std::vector<double> weights = weights_of(logits, ids, options_.temperature);
  if (options_.top_p < 1) weights.resize(nucleus(weights, options_.top_p));

  const double drawn = uniform(random_) * std::accumulate(weights.begin(), weights.end(), 0.0);
  double sum = 0;
  for (size_t i = 0; i + 1 < weights.size(); ++i) {
    sum += weights[i];
    if (drawn < sum) return ids[i];
  }
  return ids[weights.size() - 1];
}

}  // namespace limpid
