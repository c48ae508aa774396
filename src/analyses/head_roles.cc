#include "analyses/head_roles.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/attention_importance.h"
#include "base/check.h"

namespace limpid {

namespace {

/// Dense importances of one block of queries stay below this many floats (64 MB).
constexpr size_t kMaxBlockElements = size_t{16} << 20;

/// Measures of one layer's heads, for each role; a block of queries at a time.
void measure_layer(const Model& model, const Trace& trace, int layer,
                   std::vector<std::vector<PairSums>>& sums) {
  const size_t n_tok = trace.n_tok();
  const AttentionInputs in = trace.attention_inputs(layer);
  const OutputProjection projection(model, layer);
  const size_t block = std::max<size_t>(1, kMaxBlockElements / (n_tok * in.n_head));
  const size_t first_head = static_cast<size_t>(layer) * in.n_head;
  std::vector<int> queries;
  for (size_t begin = 0; begin < n_tok; begin += block) {
    queries.resize(std::min(block, n_tok - begin));
    std::iota(queries.begin(), queries.end(), static_cast<int>(begin));
    const AttentionImportance shares = attention_importance(model, trace, layer, queries, projection);
    Matrix rows(queries.size(), n_tok);
    for (size_t h = 0; h < in.n_head; ++h) {
      model.backend().attention_rows(in, h, queries, rows.view());
      for (std::vector<PairSums>& role : sums) {
        role[first_head + h].add_attention(begin, queries.size(),
                                           [&](size_t r, size_t key) { return rows.row(r)[key]; });
        role[first_head + h].add_contribution(begin, queries.size(),
                                              [&](size_t r, size_t key) { return shares.heads(r, key)[h]; });
      }
    }
  }
}

}  // namespace

const char* name(HeadRole role) {
  switch (role) {
    case HeadRole::kPrevious:
      return "previous";
    case HeadRole::kDuplicate:
      return "duplicate";
    case HeadRole::kInduction:
      return "induction";
    case HeadRole::kFirst:
      return "first";
    case HeadRole::kCurrent:
      return "current";
    case HeadRole::kSubword:
      return "subword";
  }
  return "";
}

RoleMeasure PairSums::measure() const {
  CHECK(!pairs_->inside.empty());
  const auto n_inside = static_cast<double>(pairs_->inside.size());
  const auto n_outside = static_cast<double>(std::max<size_t>(1, pairs_->outside.size()));
  return {inside_ / n_inside - outside_ / n_outside, contribution_ / n_inside};
}

std::vector<std::vector<RoleMeasure>> measure_roles(const Model& model, const Trace& trace,
                                                    std::span<const RolePairs> roles) {
  const size_t n_head = trace.layers.size() * static_cast<size_t>(trace.spec.n_head);
  std::vector<std::vector<PairSums>> sums;
  for (const RolePairs& pairs : roles) sums.emplace_back(n_head, PairSums(pairs));
  for (int l = 0; l < trace.spec.n_layer; ++l) measure_layer(model, trace, l, sums);

  std::vector<std::vector<RoleMeasure>> measures(roles.size(), std::vector<RoleMeasure>(n_head));
  for (size_t r = 0; r < roles.size(); ++r) {
    std::ranges::transform(sums[r], measures[r].begin(), &PairSums::measure);
  }
  return measures;
}

RoleScore over_samples(std::span<const RoleMeasure> samples) {
  const auto n = static_cast<double>(samples.size());
  double score = 0, contribution = 0, squares = 0;
  for (const RoleMeasure& m : samples) {
    score += m.score / n;
    contribution += m.contribution / n;
  }
  for (const RoleMeasure& m : samples) squares += (m.score - score) * (m.score - score);
  const double error = samples.size() < 2 ? 0 : std::sqrt(squares / (n - 1) / n);
  return {std::clamp(score, 0.0, 1.0), error, contribution};
}

}  // namespace limpid
