#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/attention_proximity_kernel.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <algorithm>

#include "hwy/highway.h"

#include "kernels/cpu/attention_proximity_kernel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void split(const float* y, size_t n, float* abs, float* sign) {
  const hn::ScalableTag<float> d;
  const size_t n_padded = (n + kKernelPadding - 1) / kKernelPadding * kKernelPadding;
  std::copy_n(y, n, abs);
  std::fill(abs + n, abs + n_padded, 0.0f);
  for (size_t i = 0; i < n_padded; i += hn::Lanes(d)) {
    const auto v = hn::Load(d, abs + i);
    hn::Store(hn::And(v, hn::SignBit(d)), d, sign + i);
    hn::Store(hn::Abs(v), d, abs + i);
  }
}

void four_by_two(const QuerySigns* y, const float* u0, const float* u1, size_t n, const float* c, float* sums,
                 size_t stride) {
  const hn::ScalableTag<float> d;
  using V = hn::Vec<decltype(d)>;
  const V c00 = hn::Set(d, c[0]), c01 = hn::Set(d, c[1]);
  const V c10 = hn::Set(d, c[stride]), c11 = hn::Set(d, c[stride + 1]);
  const V c20 = hn::Set(d, c[2 * stride]), c21 = hn::Set(d, c[2 * stride + 1]);
  const V c30 = hn::Set(d, c[3 * stride]), c31 = hn::Set(d, c[3 * stride + 1]);
  V s00 = hn::Zero(d), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  const auto add = [&](V& sum, V along, V scale, V abs)
                       HWY_ATTR { sum = hn::Add(sum, hn::Min(along, hn::MulSub(scale, abs, along))); };
  const auto step = [&](size_t i, V v0, V v1) HWY_ATTR {
    const V abs0 = hn::Load(d, y[0].abs + i), sign0 = hn::Load(d, y[0].sign + i);
    add(s00, hn::Xor(v0, sign0), c00, abs0);
    add(s01, hn::Xor(v1, sign0), c01, abs0);
    const V abs1 = hn::Load(d, y[1].abs + i), sign1 = hn::Load(d, y[1].sign + i);
    add(s10, hn::Xor(v0, sign1), c10, abs1);
    add(s11, hn::Xor(v1, sign1), c11, abs1);
    const V abs2 = hn::Load(d, y[2].abs + i), sign2 = hn::Load(d, y[2].sign + i);
    add(s20, hn::Xor(v0, sign2), c20, abs2);
    add(s21, hn::Xor(v1, sign2), c21, abs2);
    const V abs3 = hn::Load(d, y[3].abs + i), sign3 = hn::Load(d, y[3].sign + i);
    add(s30, hn::Xor(v0, sign3), c30, abs3);
    add(s31, hn::Xor(v1, sign3), c31, abs3);
  };
  const size_t lanes = hn::Lanes(d);
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) step(i, hn::LoadU(d, u0 + i), hn::LoadU(d, u1 + i));
  if (i < n) {  // u ends here; |y| goes on with zeros, and min(0, 0 - 0) = 0
    HWY_ALIGN float tail[2 * HWY_MAX_BYTES / sizeof(float)] = {};
    std::copy(u0 + i, u0 + n, tail);
    std::copy(u1 + i, u1 + n, tail + lanes);
    step(i, hn::Load(d, tail), hn::Load(d, tail + lanes));
  }
  const auto add_pair = [&](float* out, V first, V second) HWY_ATTR {
    out[0] += hn::GetLane(hn::SumOfLanes(d, first));
    out[1] += hn::GetLane(hn::SumOfLanes(d, second));
  };
  add_pair(sums, s00, s01);
  add_pair(sums + stride, s10, s11);
  add_pair(sums + 2 * stride, s20, s21);
  add_pair(sums + 3 * stride, s30, s31);
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(split);
HWY_EXPORT(four_by_two);

void split_signs(const float* y, size_t n, float* abs, float* sign) {
  HWY_DYNAMIC_DISPATCH(split)(y, n, abs, sign);
}

void add_four_by_two(const QuerySigns* y, const float* u0, const float* u1, size_t n, const float* c,
                     float* sums, size_t stride) {
  HWY_DYNAMIC_DISPATCH(four_by_two)(y, u0, u1, n, c, sums, stride);
}

}  // namespace limpid::cpu
#endif
