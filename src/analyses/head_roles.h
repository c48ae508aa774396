// How much each head plays each role, measured on sequences made for it (docs/heads.md).
#pragma once

#include <span>
#include <vector>

#include "limpid/heads.h"

#include "analyses/head_probes.h"
#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// Of one head on one sequence.
struct RoleMeasure {
  double score = 0;         // mean attention inside the pairs, less the mean outside; may be below 0
  double contribution = 0;  // mean contribution inside
};

/// Sums over ranges, added row by row as attention comes.
class PairSums {
 public:
  explicit PairSums(const RolePairs& pairs) : pairs_(&pairs) {}

  /// at(row, key) of the queries first_query .. first_query + n_query - 1.
  template <class At>
  void add_attention(size_t first_query, size_t n_query, At&& at) {
    inside_ += sum(pairs_->inside, first_query, n_query, at);
    outside_ += sum(pairs_->outside, first_query, n_query, at);
  }
  template <class At>
  void add_contribution(size_t first_query, size_t n_query, At&& at) {
    contribution_ += sum(pairs_->inside, first_query, n_query, at);
  }
  /// Of complete sums. There is a pair inside.
  RoleMeasure measure() const;

 private:
  template <class At>
  static double sum(std::span<const KeyRange> ranges, size_t first_query, size_t n_query, At&& at) {
    double total = 0;
    for (const KeyRange& range : ranges) {
      if (range.query < first_query || range.query >= first_query + n_query) continue;
      for (size_t key = range.begin; key < range.end; ++key) {
        total += static_cast<double>(at(range.query - first_query, key));
      }
    }
    return total;
  }

  const RolePairs* pairs_;
  double inside_ = 0, outside_ = 0, contribution_ = 0;
};

/// For each of `roles` its measures of every head, [n_layer * n_head].
std::vector<std::vector<RoleMeasure>> measure_roles(const Model& model, const Trace& trace,
                                                    std::span<const RolePairs> roles);

/// Mean and standard error. Not empty.
RoleScore over_samples(std::span<const RoleMeasure> samples);

}  // namespace limpid
