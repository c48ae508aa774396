// Scores of attention edges: what of a change of the states below reaches the metric through one query, key
// and head (docs/method.md, "Target-aware scores").
#pragma once

#include <functional>
#include <span>

#include "limpid/target.h"

#include "attribution/linearised.h"
#include "base/matrix.h"

namespace limpid {

/// Of queries first, first + 1, ..., m of them, and all heads.
struct EdgeScores {
  size_t first = 0, m = 0;
  ConstMatrixView scores;  // [n_head * m, n_key], head by head; keys up to the last query, 0 above a query

  std::span<const float> row(size_t head, size_t r) const { return scores.row(head * m + r); }
};

/// z: gradient of the heads' outputs of layer l, [n, d_query]; change: of its resid_pre, [n, d_model]. Calls
/// use(scores) with some queries at a time, until all were in it. Over all queries and heads, the scores of a
/// key sum to the product of its change with what of resid_pre's gradient comes through attention.
void attention_edge_scores(const Linearised& run, int l, AttentionRule rule, ConstMatrixView z,
                           ConstMatrixView change, const std::function<void(const EdgeScores&)>& use);

/// Outputs of the heads of layer l, value bias included. [n, d_query]
Matrix head_values(const Linearised& run, int l);

}  // namespace limpid
