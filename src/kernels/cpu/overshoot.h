// Where parts of attention overshoot the states that they are parts of: the sparse half of
// attention_proximity.cc.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/matrix.h"

namespace limpid::cpu {

constexpr size_t kPanelKeys = 64;

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

  /// w: [d, d_head], v: [n_key, d_head], n_key <= kPanelKeys. Columns past n_key are zero.
  void fill(ConstMatrixView w, ConstMatrixView v);

  const float* u() const { return u_.data(); }            // [d, kPanelKeys], zeros for large coordinates
  const float* bounds() const { return bounds_.data(); }  // of |u| of each key, large coordinates aside
  const std::vector<uint32_t>& large() const { return large_; }
  const float* large_u(size_t i) const { return large_u_.row(i).data(); }

 private:
  Matrix u_;
  std::vector<float> row_max_;
  std::array<float, kPanelKeys> bounds_ = {};
  std::vector<uint32_t> large_;
  Matrix large_u_{kLarge, kPanelKeys};
};

/// out[k] = sum_i max(0, a[k] s_i u[k]_i - |y_i|) for every key of the panel; a >= 0, [kPanelKeys].
void sum_overshoot(const OrderedStates::State& state, std::span<const float> y, const Panel& panel,
                   const float* a, float* out);

}  // namespace limpid::cpu
