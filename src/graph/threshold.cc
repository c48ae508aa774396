#include "graph/threshold.h"

#include <algorithm>

namespace limpid {
namespace {

// Shares and what was put in sum to 1 up to rounding, so what is missing from `kept` was dropped.
template <class Shares>
float dropped_share(double kept, const Shares& shares) {
  if (shares.degenerate) return 0;
  return static_cast<float>(std::clamp(1.0 - kept - static_cast<double>(shares.patch), 0.0, 1.0));
}

// Sum of the parts above the threshold: keys ascending, heads ascending, residual last.
double sum_above(const AttentionShares& shares, float threshold) {
  double sum = 0;
  for (const KeyShare& pair : shares.keys) {
    if (!(pair.importance > threshold)) continue;  // no part exceeds the pair's sum
    for (const HeadShare& part : pair.heads) {
      if (part.importance > threshold) sum += part.importance;
    }
  }
  return shares.residual > threshold ? sum + shares.residual : sum;
}

KeptKey keep_heads(const KeyShare& pair, float threshold, double sum) {
  KeptKey kept{.key = pair.key};
  double weight = 0;
  for (const HeadShare& part : pair.heads) {
    if (!(part.importance > threshold)) continue;
    const double share = part.importance / sum;
    weight += share;
    kept.heads.push_back({part.head, static_cast<float>(share)});
  }
  kept.weight = static_cast<float>(weight);
  return kept;
}

KeptAttention keep_parts(const AttentionShares& shares, float threshold) {
  KeptAttention kept;
  const double sum = sum_above(shares, threshold);
  kept.dropped = dropped_share(sum, shares);
  if (sum == 0) return kept;
  for (const KeyShare& pair : shares.keys) {
    if (!(pair.importance > threshold)) continue;
    KeptKey key = keep_heads(pair, threshold, sum);
    if (!key.heads.empty()) kept.keys.push_back(std::move(key));
  }
  if (shares.residual > threshold) kept.residual = static_cast<float>(shares.residual / sum);
  return kept;
}

// The importances of all heads; a pair without any importance makes no edge.
void add_whole_pair(const KeyShare& pair, KeptAttention& kept) {
  if (!(pair.importance > 0)) return;
  KeptKey key{.key = pair.key, .weight = pair.importance};
  key.heads.reserve(pair.heads.size());
  for (const HeadShare& part : pair.heads) key.heads.push_back({part.head, part.importance});
  kept.keys.push_back(std::move(key));
}

KeptAttention keep_groups(const AttentionShares& shares, int query, float threshold) {
  KeptAttention kept;
  float own = shares.residual;  // self-attention and residual join the same two nodes
  double sum = 0;
  for (const KeyShare& pair : shares.keys) {
    if (pair.key == query) own += pair.importance;
  }
  for (const KeyShare& pair : shares.keys) {
    if (!((pair.key == query ? own : pair.importance) > threshold)) continue;
    add_whole_pair(pair, kept);
    sum += pair.importance;
  }
  if (own > threshold) {
    kept.residual = shares.residual;
    sum += shares.residual;
  }
  kept.dropped = dropped_share(sum, shares);
  return kept;
}

}  // namespace

KeptAttention keep_attention(const AttentionShares& shares, int query, const RouteOptions& options) {
  if (options.renormalize) return keep_parts(shares, options.threshold);
  return keep_groups(shares, query, options.threshold);
}

KeptFfn keep_ffn(const FfnShares& shares, const RouteOptions& options) {
  const double ffn = shares.ffn > options.threshold ? shares.ffn : 0;
  const double residual = shares.residual > options.threshold ? shares.residual : 0;
  const double sum = ffn + residual;
  KeptFfn kept;
  kept.dropped = dropped_share(sum, shares);
  if (sum == 0) return kept;
  const double scale = options.renormalize ? 1 / sum : 1;
  kept.ffn = static_cast<float>(ffn * scale);
  kept.residual = static_cast<float>(residual * scale);
  return kept;
}

}  // namespace limpid
