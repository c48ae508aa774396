#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/overshoot.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "hwy/highway.h"

#include "kernels/cpu/overshoot.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// A step of keys is two vectors.
using Tag = hn::CappedTag<float, kPanelStep / 2>;
using V = hn::Vec<Tag>;

// max over keys of |u|, coordinate by coordinate.
void row_maxima(const float* u, size_t n_row, size_t width, float* out) {
  const Tag d;
  for (size_t i = 0; i < n_row; ++i) {
    V most = hn::Zero(d);
    for (size_t k = 0; k < width; k += hn::Lanes(d)) {
      most = hn::Max(most, hn::Abs(hn::Load(d, u + i * kPanelKeys + k)));
    }
    out[i] = hn::GetLane(hn::MaxOfLanes(d, most));
  }
}

// max over coordinates of |u|, key by key.
void column_maxima(const float* u, size_t n_row, size_t width, float* out) {
  const Tag d;
  for (size_t k = 0; k < width; k += hn::Lanes(d)) {
    V most = hn::Zero(d);
    for (size_t i = 0; i < n_row; ++i) most = hn::Max(most, hn::Abs(hn::Load(d, u + i * kPanelKeys + k)));
    hn::StoreU(most, d, out + k);
  }
}

// Two vectors of keys; four sums, so that additions do not wait for each other.
struct Sums {
  V first, second, first_odd, second_odd;
};

HWY_INLINE void add(V& sum, V a, const float* u, V abs) {
  const Tag d;
  sum = hn::Add(sum, hn::Max(hn::Zero(d), hn::MulSub(a, hn::LoadU(d, u), abs)));
}

// The first n coordinates of a list; a has the sign of its coordinates.
HWY_INLINE void add_list(const OrderedStates::List& list, size_t n, const float* u, V a0, V a1, Sums& sums) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  size_t j = 0;
  for (; j + 2 <= n; j += 2) {
    const float* const even = u + size_t{list.index[j]} * kPanelKeys;
    const float* const odd = u + size_t{list.index[j + 1]} * kPanelKeys;
    const V abs_even = hn::Set(d, list.abs[j]), abs_odd = hn::Set(d, list.abs[j + 1]);
    add(sums.first, a0, even, abs_even);
    add(sums.second, a1, even + lanes, abs_even);
    add(sums.first_odd, a0, odd, abs_odd);
    add(sums.second_odd, a1, odd + lanes, abs_odd);
  }
  if (j == n) return;
  const float* const last = u + size_t{list.index[j]} * kPanelKeys;
  const V abs = hn::Set(d, list.abs[j]);
  add(sums.first, a0, last, abs);
  add(sums.second, a1, last + lanes, abs);
}

// sum_i max(0, a s_i u_i - |y_i|) of a step of keys.
HWY_INLINE Sums overshoot(const OrderedStates::State& state, std::span<const float> y, const Panel& panel,
                          size_t k, V a0, V a1) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  Sums sums = {hn::Zero(d), hn::Zero(d), hn::Zero(d), hn::Zero(d)};
  const float most = hn::GetLane(hn::MaxOfLanes(d, hn::Max(a0, a1)));
  if (!(most > 0)) return sums;
  const V bound = hn::Max(hn::Mul(a0, hn::LoadU(d, panel.bounds() + k)),
                          hn::Mul(a1, hn::LoadU(d, panel.bounds() + k + lanes)));
  const size_t bucket = state.bucket(hn::GetLane(hn::MaxOfLanes(d, bound)));
  add_list(state.positive, state.positive.ends[bucket], panel.u() + k, a0, a1, sums);
  add_list(state.negative, state.negative.ends[bucket], panel.u() + k, hn::Neg(a0), hn::Neg(a1), sums);
  for (size_t i = 0; i < panel.large().size(); ++i) {
    const float v = y[panel.large()[i]];
    if (!(most * panel.large_bound(i) > std::abs(v))) continue;
    const V abs = hn::Set(d, std::abs(v)), sign = hn::Set(d, std::copysign(1.0f, v));
    add(sums.first, hn::Mul(a0, sign), panel.large_u(i) + k, abs);
    add(sums.second, hn::Mul(a1, sign), panel.large_u(i) + k + lanes, abs);
  }
  return sums;
}

void proximities_of(const OrderedStates::State& state, std::span<const float> y, const Panel& panel,
                    const float* a, const float* along, float* out) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  const V zero = hn::Zero(d), two = hn::Set(d, 2.0f);
  for (size_t k = 0; k < panel.width(); k += 2 * lanes) {
    const V a0 = hn::LoadU(d, a + k), a1 = hn::LoadU(d, a + k + lanes);
    const Sums sums = overshoot(state, y, panel, k, a0, a1);
    const V along0 = hn::Mul(a0, hn::LoadU(d, along + k)),
            along1 = hn::Mul(a1, hn::LoadU(d, along + k + lanes));
    const V over0 = hn::Add(sums.first, sums.first_odd), over1 = hn::Add(sums.second, sums.second_odd);
    hn::StoreU(hn::Max(zero, hn::NegMulAdd(two, over0, along0)), d, out + k);
    hn::StoreU(hn::Max(zero, hn::NegMulAdd(two, over1, along1)), d, out + k + lanes);
  }
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

namespace {

// The exponent and two bits more of a size, four codes to an octave.
uint32_t code(float size) {
  return std::bit_cast<uint32_t>(size) >> 21;
}

size_t bucket_of(float size, uint32_t largest) {
  constexpr auto kLast = static_cast<int64_t>(OrderedStates::kBuckets) - 1;
  const int64_t below = int64_t{largest} - code(size);
  return static_cast<size_t>(std::clamp<int64_t>(kLast - below, 0, kLast));
}

}  // namespace

HWY_EXPORT(row_maxima);
HWY_EXPORT(column_maxima);
HWY_EXPORT(proximities_of);

OrderedStates::OrderedStates(ConstMatrixView y)
    : d_(y.cols),
      abs_(y.rows, y.cols),
      index_(y.rows * y.cols),
      ends_(y.rows * 2 * kBuckets),
      n_positive_(y.rows),
      largest_(y.rows) {
  parallel_for(y.rows, y.rows * y.cols, [&](size_t row) { order(y.row(row), row); });
}

void OrderedStates::order(std::span<const float> y, size_t row) {
  float most = 0;
  for (const float v : y) most = std::max(most, std::abs(v));
  largest_[row] = code(most);
  // A counting sort: first how many are in each bucket, the negative ones after the positive ones.
  uint32_t* const ends = ends_.data() + row * 2 * kBuckets;
  const auto list_bucket = [&](float v) {
    return (std::signbit(v) ? kBuckets : 0) + bucket_of(std::abs(v), largest_[row]);
  };
  for (const float v : y) ++ends[list_bucket(v)];
  std::partial_sum(ends, ends + 2 * kBuckets, ends);
  n_positive_[row] = ends[kBuckets - 1];
  std::array<uint32_t, 2 * kBuckets> next;
  next[0] = 0;
  std::copy_n(ends, 2 * kBuckets - 1, next.begin() + 1);
  for (size_t i = 0; i < d_; ++i) {
    const uint32_t place = next[list_bucket(y[i])]++;
    abs_.row(row)[place] = std::abs(y[i]);
    index_[row * d_ + place] = static_cast<uint32_t>(i);
  }
  for (size_t b = kBuckets; b < 2 * kBuckets; ++b) ends[b] -= n_positive_[row];
}

OrderedStates::State OrderedStates::state(size_t row) const {
  const float* const abs = abs_.row(row).data();
  const uint32_t* const index = index_.data() + row * d_;
  const uint32_t* const ends = ends_.data() + row * 2 * kBuckets;
  const uint32_t n_positive = n_positive_[row];
  return {{abs, index, ends}, {abs + n_positive, index + n_positive, ends + kBuckets}, largest_[row]};
}

size_t OrderedStates::State::bucket(float size) const {
  return bucket_of(size, largest);
}

void Panel::fill(ConstMatrixView w, const float* v, size_t n_key) {
  width_ = (n_key + kPanelStep - 1) / kPanelStep * kPanelStep;
  panel_product(w, v, n_key, u_.data());
  HWY_DYNAMIC_DISPATCH(row_maxima)(u_.data(), w.rows, width_, row_max_.data());
  large_.resize(w.rows);
  std::iota(large_.begin(), large_.end(), 0u);
  const size_t n_large = std::min(kLarge, w.rows);
  std::ranges::nth_element(
      large_, large_.begin() + static_cast<ptrdiff_t>(n_large) - 1,
      [&](uint32_t i, uint32_t j) { return row_max_[i] != row_max_[j] ? row_max_[i] > row_max_[j] : i < j; });
  large_.resize(n_large);
  std::ranges::sort(large_);
  for (size_t i = 0; i < n_large; ++i) {
    const std::span<float> row = u_.row(large_[i]);
    std::ranges::copy(row, large_u_.row(i).begin());
    std::ranges::fill(row, 0.0f);
  }
  HWY_DYNAMIC_DISPATCH(column_maxima)(u_.data(), w.rows, width_, bounds_.data());
}

void proximities(const OrderedStates::State& state, std::span<const float> y, const Panel& panel,
                 const float* a, const float* along, float* out) {
  HWY_DYNAMIC_DISPATCH(proximities_of)(state, y, panel, a, along, out);
}

}  // namespace limpid::cpu
#endif
