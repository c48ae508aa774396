#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/norm.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <cmath>

#include "hwy/highway.h"

#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

float sum_row(const float* x, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    sum0 = hn::Add(sum0, hn::LoadU(d, x + i));
    sum1 = hn::Add(sum1, hn::LoadU(d, x + i + lanes));
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < n; ++i) sum += x[i];
  return sum;
}

// sum (x - mean)^2
float sum_of_squares(const float* x, float mean, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto center = hn::Set(d, mean);
  auto sum0 = hn::Zero(d), sum1 = hn::Zero(d);
  size_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    const auto v0 = hn::Sub(hn::LoadU(d, x + i), center);
    const auto v1 = hn::Sub(hn::LoadU(d, x + i + lanes), center);
    sum0 = hn::MulAdd(v0, v0, sum0);
    sum1 = hn::MulAdd(v1, v1, sum1);
  }
  float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(sum0, sum1)));
  for (; i < n; ++i) sum += (x[i] - mean) * (x[i] - mean);
  return sum;
}

// y = (x - mean) * scale * weight + bias; a null bias is zero.
void scale_row(const float* x, float mean, float scale, const float* weight, const float* bias, float* y,
               size_t n) {
  const hn::ScalableTag<float> d;
  const auto center = hn::Set(d, mean), factor = hn::Set(d, scale);
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto v = hn::Mul(hn::Sub(hn::LoadU(d, x + i), center), factor);
    const auto b = bias == nullptr ? hn::Zero(d) : hn::LoadU(d, bias + i);
    hn::StoreU(hn::MulAdd(v, hn::LoadU(d, weight + i), b), d, y + i);
  }
  for (; i < n; ++i) y[i] = (x[i] - mean) * scale * weight[i] + (bias == nullptr ? 0.0f : bias[i]);
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(sum_row);
HWY_EXPORT(sum_of_squares);
HWY_EXPORT(scale_row);

namespace {

void normalize_row(const float* x, float mean, const float* weight, const float* bias, float eps, float* y,
                   size_t n) {
  const float variance = HWY_DYNAMIC_DISPATCH(sum_of_squares)(x, mean, n) / static_cast<float>(n);
  HWY_DYNAMIC_DISPATCH(scale_row)(x, mean, 1 / std::sqrt(variance + eps), weight, bias, y, n);
}

}  // namespace

void rms_norm(ConstMatrixView x, std::span<const float> weight, float eps, MatrixView y) {
  parallel_for(x.rows, x.rows * x.cols, [&](size_t i) {
    normalize_row(x.row(i).data(), 0, weight.data(), nullptr, eps, y.row(i).data(), x.cols);
  });
}

void layer_norm(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatrixView y) {
  const float* const bias_data = bias.empty() ? nullptr : bias.data();
  parallel_for(x.rows, x.rows * x.cols, [&](size_t i) {
    const float* const row = x.row(i).data();
    const float mean = HWY_DYNAMIC_DISPATCH(sum_row)(row, x.cols) / static_cast<float>(x.cols);
    normalize_row(row, mean, weight.data(), bias_data, eps, y.row(i).data(), x.cols);
  });
}

}  // namespace limpid::cpu
#endif
