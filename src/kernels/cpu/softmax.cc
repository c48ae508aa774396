#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/softmax.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <algorithm>

#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"

#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

float max_of(const float* x, size_t n) {
  const hn::ScalableTag<float> d;
  auto largest = hn::Set(d, x[0]);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) largest = hn::Max(largest, hn::LoadU(d, x + i));
  float max = hn::GetLane(hn::MaxOfLanes(d, largest));
  for (; i < n; ++i) max = std::max(max, x[i]);
  return max;
}

// x = exp(x - max); returns the sum.
float exp_row(float* x, float max, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto shift = hn::Set(d, max);
  auto sums = hn::Zero(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto e = hn::Exp(d, hn::Sub(hn::LoadU(d, x + i), shift));
    sums = hn::Add(sums, e);
    hn::StoreU(e, d, x + i);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  if (i < n) {
    HWY_ALIGN float buffer[HWY_MAX_BYTES / sizeof(float)] = {};
    for (size_t j = i; j < n; ++j) buffer[j - i] = x[j] - max;
    hn::Store(hn::Exp(d, hn::Load(d, buffer)), d, buffer);
    for (size_t j = i; j < n; ++j) sum += x[j] = buffer[j - i];
  }
  return sum;
}

void softmax_one(float* x, size_t n) {
  const hn::ScalableTag<float> d;
  const float scale = 1 / exp_row(x, max_of(x, n), n);
  const auto factor = hn::Set(d, scale);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::Mul(hn::LoadU(d, x + i), factor), d, x + i);
  }
  for (; i < n; ++i) x[i] *= scale;
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(softmax_one);

void softmax_row(float* x, size_t n) {
  HWY_DYNAMIC_DISPATCH(softmax_one)(x, n);
}

void softmax(MatrixView x) {
  parallel_for(x.rows, 4 * x.rows * x.cols, [&](size_t i) { softmax_row(x.row(i).data(), x.cols); });
}

}  // namespace limpid::cpu
#endif
