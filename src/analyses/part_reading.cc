#include "analyses/part_reading.h"

#include <algorithm>
#include <numeric>

#include "attribution/frozen_norm.h"
#include "forward/recompute.h"

namespace limpid {

namespace {

/// The n first ids by `before`, which orders logits; equal ones by id.
template <class Before>
std::vector<IdScore> first(std::span<const float> logits, size_t n, Before before) {
  n = std::min(n, logits.size());
  std::vector<int> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::ranges::partial_sort(ids, ids.begin() + static_cast<std::ptrdiff_t>(n), [&](int a, int b) {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? before(x, y) : a < b;
  });
  std::vector<IdScore> scores(n);
  for (size_t i = 0; i < n; ++i) scores[i] = {ids[i], logits[static_cast<size_t>(ids[i])]};
  return scores;
}

/// Logits of the parts. out: [m, n_vocab]
void part_logits(const Model& model, ConstMatrixView parts, std::span<const float> last, Normalize normalize,
                 MatrixView out) {
  Matrix normed(parts.rows, parts.cols);
  switch (normalize) {
    case Normalize::kFrozen:
      FrozenNorm(model, last).apply(parts, normed.view());
      model.unembed_parts(normed.view(), out);
      return;
    case Normalize::kPart:
      apply_norm(model, model.final_norm(), parts, normed.view());
      model.unembed(normed.view(), out);
      return;
    case Normalize::kNone:
      model.unembed(parts, out);
      return;
  }
}

}  // namespace

std::vector<PartScores> read_parts(const Model& model, ConstMatrixView parts, std::span<const float> last,
                                   Normalize normalize, std::span<const size_t> n_token) {
  Matrix logits(parts.rows, static_cast<size_t>(model.spec().n_vocab));
  part_logits(model, parts, last, normalize, logits.view());
  std::vector<PartScores> scores(parts.rows);
  const auto n_row = static_cast<int>(parts.rows);
#pragma omp parallel for schedule(dynamic) num_threads(threads())
  for (int i = 0; i < n_row; ++i) {
    const auto r = static_cast<size_t>(i);
    scores[r] = {first(logits.row(r), n_token[r], std::greater()),
                 first(logits.row(r), n_token[r], std::less())};
  }
  return scores;
}

}  // namespace limpid
