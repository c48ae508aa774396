// Proximity in the form |y| - |y - z| = min(s z, 2 |y| - s z) with s = sign(y): the same number, but a part
// that is small beside y (s z < |y|) enters as it is, without the rounding of y - z.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/proximity.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <algorithm>
#include <cmath>

#include "hwy/highway.h"

#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// sum_i |y_i| - |y_i - z_i|
float proximity_row(const float* z, const float* y, size_t n) {
  const hn::ScalableTag<float> d;
  const auto sign_bit = hn::SignBit(d);
  const auto two = hn::Set(d, 2.0f);
  auto sums = hn::Zero(d);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, y + i);
    const auto along = hn::Xor(hn::LoadU(d, z + i), hn::And(v, sign_bit));
    sums = hn::Add(sums, hn::Min(along, hn::MulSub(two, hn::Abs(v), along)));
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, sums));
  for (; i < n; ++i) {
    const float along = std::signbit(y[i]) ? -z[i] : z[i];
    sum += std::min(along, 2 * std::abs(y[i]) - along);
  }
  return sum;
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(proximity_row);

void proximity(ConstMatrixView z, ConstMatrixView y, std::span<float> out) {
  parallel_for(z.rows, z.rows * z.cols, [&](size_t r) {
    const float sum = HWY_DYNAMIC_DISPATCH(proximity_row)(z.row(r).data(), y.row(r).data(), z.cols);
    out[r] = std::max(0.0f, sum);
  });
}

}  // namespace limpid::cpu
#endif
