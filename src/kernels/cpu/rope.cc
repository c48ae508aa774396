#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/rope.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include "hwy/highway.h"

#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// (a, b) <- (a cos - b sin, b cos + a sin)
inline void rotate_pair(float cos, float sin, float& a, float& b) {
  const float rotated_a = a * cos - b * sin;
  b = b * cos + a * sin;
  a = rotated_a;
}

// Pairs (i, i + n) of x: [2 n].
void rotate_halves(const float* cos, const float* sin, float* x, size_t n) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto a = hn::LoadU(d, x + i), b = hn::LoadU(d, x + n + i);
    const auto c = hn::LoadU(d, cos + i), s = hn::LoadU(d, sin + i);
    hn::StoreU(hn::Sub(hn::Mul(a, c), hn::Mul(b, s)), d, x + i);
    hn::StoreU(hn::Add(hn::Mul(b, c), hn::Mul(a, s)), d, x + n + i);
  }
  for (; i < n; ++i) rotate_pair(cos[i], sin[i], x[i], x[n + i]);
}

// Pairs (2 i, 2 i + 1) of x: [2 n].
void rotate_interleaved(const float* cos, const float* sin, float* x, size_t n) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::Vec<decltype(d)> a, b;
    hn::LoadInterleaved2(d, x + 2 * i, a, b);
    const auto c = hn::LoadU(d, cos + i), s = hn::LoadU(d, sin + i);
    const auto rotated_a = hn::Sub(hn::Mul(a, c), hn::Mul(b, s));
    const auto rotated_b = hn::Add(hn::Mul(b, c), hn::Mul(a, s));
    hn::StoreInterleaved2(rotated_a, rotated_b, d, x + 2 * i);
  }
  for (; i < n; ++i) rotate_pair(cos[i], sin[i], x[2 * i], x[2 * i + 1]);
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(rotate_halves);
HWY_EXPORT(rotate_interleaved);

void rope(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs) {
  const size_t d_head = x.cols / n_head;
  parallel_for(x.rows, x.rows * x.cols, [&](size_t t) {
    const float* const cos = angles.cos.row(t).data();
    const float* const sin = angles.sin.row(t).data();
    for (size_t h = 0; h < n_head; ++h) {
      float* const head = x.row(t).data() + h * d_head;
      if (pairs == RopePairs::kHalves) {
        HWY_DYNAMIC_DISPATCH(rotate_halves)(cos, sin, head, angles.cos.cols);
      } else {
        HWY_DYNAMIC_DISPATCH(rotate_interleaved)(cos, sin, head, angles.cos.cols);
      }
    }
  });
}

}  // namespace limpid::cpu
#endif
