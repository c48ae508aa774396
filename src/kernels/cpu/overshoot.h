// Where parts of attention overshoot the states that they are parts of: the sparse half of
// attention_proximity.cc.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/matrix.h"
#include "kernels/cpu/panel_product.h"

namespace limpid::cpu {

/// The coordinates of states by size: buckets of |y|, four to an octave down from the largest, ascending; in
/// a bucket by index. Positive coordinates apart from negative ones.
class OrderedStates {
 public:
  static constexpr size_t kBuckets = 128;

  explicit OrderedStates(ConstMatrixView y);

  /// Coordinates of one sign.
  struct List {
    const float* abs;
    const uint32_t* index;
    const uint32_t* ends;  // [kBuckets], of the buckets
  };
  struct State {
    List positive, negative;
    uint32_t largest;  // code of the largest |y|

    /// The bucket of a size; everything smaller is in it or in one before it.
    size_t bucket(float size) const;
  };
  State state(size_t row) const;

 private:
  void order(std::span<const float> y, size_t row);

  size_t d_;
  Matrix abs_;                                  // [n_query, d]
  std::vector<uint32_t> index_, ends_;          // [n_query, d], [n_query, 2, kBuckets]
  std::vector<uint32_t> n_positive_, largest_;  // [n_query]
};

/// u = W_h v of some keys, transposed, and how large it is. The few coordinates with the largest u are kept
/// apart: trained models have some that are a thousand times the others, which would else decide for all.
class Panel {
 public:
  static constexpr size_t kLarge = 8;

  explicit Panel(size_t d) : u_(d, kPanelKeys), row_max_(d) {}

  /// w: [d, d_head]; v: [d_head, kPanelKeys], aligned as a Matrix is, of which the first n_key are keys.
  void fill(ConstMatrixView w, const float* v, size_t n_key);

  /// Columns of what follows: the keys, and on to a multiple of kPanelStep.
  size_t width() const { return width_; }
  const float* u() const { return u_.data(); }            // [d, kPanelKeys], zeros for large coordinates
  const float* bounds() const { return bounds_.data(); }  // of |u| of each key, large coordinates aside
  const std::vector<uint32_t>& large() const { return large_; }
  float large_bound(size_t i) const { return row_max_[large_[i]]; }  // of |u| of all keys
  const float* large_u(size_t i) const { return large_u_.row(i).data(); }

 private:
  Matrix u_;
  size_t width_ = 0;
  std::vector<float> row_max_;
  std::array<float, kPanelKeys> bounds_ = {};
  std::vector<uint32_t> large_;
  Matrix large_u_{kLarge, kPanelKeys};
};

/// out[k] = max(0, a[k] along[k] - 2 sum_i max(0, a[k] s_i u[k]_i - |y_i|)) for the panel's width; a >= 0.
/// out may be a.
void proximities(const OrderedStates::State& state, std::span<const float> y, const Panel& panel,
                 const float* a, const float* along, float* out);

}  // namespace limpid::cpu
