// What must hold of any run's values, each as the largest departure from it. Knows no model: values in,
// departures out, so that tests can hand in wrong ones.
#pragma once

#include <span>
#include <string>

#include "base/matrix.h"
#include "kernels/kernels.h"

namespace limpid {

struct Check {
  std::string name;         // stable: "attention_sum"
  std::string description;  // "rows of attention sum to 1"
  double tolerance = 0;
  double worst = 0;   // the largest departure; infinity where one is no number
  int layer = -1;     // where it is; -1: nothing departs, or not of a layer
  int position = -1;  // token; -1: nothing departs

  bool ok() const { return worst <= tolerance; }
  void note(double departure, int at_layer, int at_position);
};

/// |a + b - sum| / max(1, max |sum|), row by row. A sum rounded once is off by at most 2^-24 of itself.
void check_sum(ConstMatrixView a, ConstMatrixView b, ConstMatrixView sum, int layer, Check& check);

/// Counts values of a row that are no finite numbers.
void check_finite(ConstMatrixView state, int layer, int first_position, Check& check);

struct AttentionChecks {
  explicit AttentionChecks(size_t n_tok);
  Check nonnegative;
  Check reach;  // out of the window, and above the query, attention is 0
  Check sum;    // 1; with sinks at most 1
};
/// Rows of one head, [queries.size(), n_tok], as Backend::attention_rows gives them for `in`.
void check_attention(const AttentionInputs& in, std::span<const int> queries, ConstMatrixView rows, int layer,
                     AttentionChecks& checks);

/// Shares of one state's parts: none negative, and all sum to 1, or to 0 where `degenerate`.
void check_shares(std::span<const float> parts, float residual, bool degenerate, int layer, int position,
                  Check& nonnegative, Check& sum);

}  // namespace limpid
