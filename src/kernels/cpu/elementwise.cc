#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/elementwise.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include "hwy/highway.h"

#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void add_row(const float* x, float* y, size_t n) {
  const hn::ScalableTag<float> d;
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::Add(hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  }
  for (; i < n; ++i) y[i] += x[i];
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(add_row);

void add(ConstMatrixView x, MatrixView y) {
  parallel_for(y.rows, y.rows * y.cols, [&](size_t i) {
    HWY_DYNAMIC_DISPATCH(add_row)(x.row(i).data(), y.row(i).data(), y.cols);
  });
}

}  // namespace limpid::cpu
#endif
