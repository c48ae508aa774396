// Importance of the parts of resid_mid (docs/method.md): every (key, head) pair, the residual, and, beside
// them, the bias part.
#pragma once

#include <span>
#include <vector>

#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// For a set of query rows of one layer. Importances of a row sum to 1 over keys, heads and the residual, or
/// are all 0 where `degenerate`.
struct AttentionImportance {
  size_t n_key = 0;  // keys 0 .. n_key-1, up to the largest query
  size_t n_head = 0;
  Matrix parts;  // [n_query, n_key * n_head]: row r, key k, head h at k * n_head + h; 0 above the query
  std::vector<float> residual;  // [n_query]
  std::vector<float> bias;      // [n_query], over the same denominator but outside the sum
  std::vector<bool> degenerate;

  std::span<const float> heads(size_t row, size_t key) const {
    return parts.row(row).subspan(key * n_head, n_head);
  }
};

/// The output projection of one layer in the form that parts need, decoded once for several calls.
struct OutputProjection {
  OutputProjection(const Model& model, int layer);
  Matrix weight;            // [d_model, d_query]
  std::vector<float> bias;  // bias part b_O + b_V W_O^T, [d_model]; empty when there is none
};

/// Streams over heads: u[k] = v[k,h] W_O^h ([n_key, d_model], one head at a time), then one pass over (query,
/// key). Memory: the result, one u and one attention matrix; nothing of size n_tok^2 * n_head * d_model.
AttentionImportance attention_importance(const Model& model, const Trace& trace, int layer,
                                         std::span<const int> queries, const OutputProjection& projection);

}  // namespace limpid
