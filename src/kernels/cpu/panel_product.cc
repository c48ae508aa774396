#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/panel_product.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <algorithm>
#include <array>

#include "hwy/highway.h"

#include "kernels/cpu/panel_product.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::CappedTag<float, kPanelStep / 2>;
using V = hn::Vec<Tag>;

// Rows whose sums stay in registers: two vectors each leave room for b in the 16 registers of AVX2.
constexpr size_t kRows = 6;

// A tile of kCount rows and two vectors of keys.
template <size_t kCount>
HWY_INLINE void tile(const float* a, size_t stride, size_t n, const float* b, float* out) {
  const Tag d;
  const size_t lanes = hn::Lanes(d);
  std::array<V, kCount> first, second;
  first.fill(hn::Zero(d));
  second.fill(hn::Zero(d));
  for (size_t j = 0; j < n; ++j) {
    const V b0 = hn::Load(d, b + j * kPanelKeys), b1 = hn::Load(d, b + j * kPanelKeys + lanes);
    for (size_t i = 0; i < kCount; ++i) {
      const V x = hn::Set(d, a[i * stride + j]);
      first[i] = hn::MulAdd(x, b0, first[i]);
      second[i] = hn::MulAdd(x, b1, second[i]);
    }
  }
  for (size_t i = 0; i < kCount; ++i) {
    hn::Store(first[i], d, out + i * kPanelKeys);
    hn::Store(second[i], d, out + i * kPanelKeys + lanes);
  }
}

void product(const float* a, size_t stride, size_t m, size_t n, const float* b, size_t n_key, float* out) {
  for (size_t k = 0; k < n_key; k += 2 * hn::Lanes(Tag())) {
    const float* rows = a;
    float* to = out + k;
    size_t left = m;
    for (; left >= kRows; left -= kRows, rows += kRows * stride, to += kRows * kPanelKeys) {
      tile<kRows>(rows, stride, n, b + k, to);
    }
    for (; left > 0; --left, rows += stride, to += kPanelKeys) tile<1>(rows, stride, n, b + k, to);
  }
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(product);

void transpose_keys(ConstMatrixView keys, float* out) {
  for (size_t j = 0; j < keys.cols; ++j) {
    float* const row = out + j * kPanelKeys;
    for (size_t k = 0; k < keys.rows; ++k) row[k] = keys.at(k, j);
    std::fill(row + keys.rows, row + kPanelKeys, 0.0f);
  }
}

void panel_product(ConstMatrixView a, const float* b, size_t n_key, float* out) {
  const size_t width = (n_key + kPanelStep - 1) / kPanelStep * kPanelStep;
  HWY_DYNAMIC_DISPATCH(product)(a.data, a.stride, a.rows, a.cols, b, width, out);
}

}  // namespace limpid::cpu
#endif
