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
  std::vector<float> residual;   // [n_query]
  std::vector<float> bias;       // [n_query], over the same denominator but outside the sum
  std::vector<float> patch;      // [n_query], what was put in by a run that replaced something; in the sum
  std::vector<char> degenerate;  // [n_query], 0 or 1; not bool: rows are written by several threads

  std::span<const float> heads(size_t row, size_t key) const {
    return parts.row(row).subspan(key * n_head, n_head);
  }
};

/// From heads' outputs to what is added to the stream, for one layer; decoded once for several calls. W_O
/// with the residual multiplier and, where attention's output is normed, the norm's weights multiplied in.
/// What remains of that norm is one factor for each query, Trace's attention_post_scale: a part is pushed
/// through the norm with the scale that the whole output has, so that parts still sum to what is added.
struct OutputProjection {
  OutputProjection(const Model& model, int layer);
  Matrix weight;            // [d_model, d_query]
  std::vector<float> bias;  // b_O, [d_model]; empty when there is none
  Matrix value_bias;        // b_V W_O^T of every head, [n_head, d_model]; empty when there is none

  /// The factor of every query, with that of a replaced state.
  static std::vector<float> scales(const Trace& trace, int layer, std::span<const int> queries);
  bool has_bias_part() const { return !bias.empty() || !value_bias.empty(); }
  /// scale (b_O + sum over heads of mass * b_V W_O^T). mass: [n_query, n_head], sums of the attention rows:
  /// 1, less with sinks. [n_query, d_model]
  Matrix bias_parts(std::span<const float> scales, ConstMatrixView mass) const;
};

/// Proximities that importances are made of, for a set of query rows of one layer.
class AttentionProximities {
 public:
  /// Computed in `scratch`, which grows where it has to and must outlive this object; calls one after the
  /// other share it, since new memory for each costs as much as the work.
  AttentionProximities(const Model& model, const Trace& trace, int layer, std::span<const int> queries,
                       const OutputProjection& projection, Matrix& scratch);

  size_t n_query() const { return residual_.size(); }
  size_t n_key() const { return parts_.cols; }
  size_t n_head() const { return n_head_; }
  /// Of one query and head, [n_key]; 0 above the query.
  std::span<const float> part(size_t row, size_t head) const { return parts_.row(head * n_query() + row); }
  float residual(size_t row) const { return residual_[row]; }
  float bias(size_t row) const { return bias_[row]; }
  float patch(size_t row) const { return patch_[row]; }

  /// Sums over the heads of every key, and over all parts with the residual and the patch. keys: [n_key].
  struct Sums {
    double total = 0;
    float strongest = 0;  // part or residual
  };
  Sums sum(size_t row, std::span<float> keys) const;

 private:
  size_t n_head_;
  MatrixView parts_;  // [n_head * n_query, n_key]
  std::vector<float> residual_, bias_, patch_;
};

/// Proximity to importance.
class ShareScale {
 public:
  explicit ShareScale(double total) : scale_(total > 0 ? 1.0 / total : 0.0) {}
  bool degenerate() const { return scale_ == 0; }
  float operator()(float proximity) const {
    return static_cast<float>(static_cast<double>(proximity) * scale_);
  }

 private:
  double scale_;
};

/// Memory: the result, and as much for the attention of all heads; nothing of size n_tok^2 * n_head *
/// d_model.
AttentionImportance attention_importance(const Model& model, const Trace& trace, int layer,
                                         std::span<const int> queries, const OutputProjection& projection);

}  // namespace limpid
