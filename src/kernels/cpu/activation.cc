#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/activation.cc"
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

// 1 / (1 + exp(-x)), accurate relative to itself in both tails.
template <class D, class V>
HWY_INLINE V sigmoid(D d, V x) {
  const auto largest = hn::Set(d, 104.0f);  // beyond it Exp is undefined; exp(104) is already infinite
  const auto one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, hn::Exp(d, hn::Min(hn::Neg(x), largest))));
}

// erfc(|s|) = exp(-s^2) t P(t) with t = 1 / (1 + 0.4 |s|). P is a minimax fit of relative error 9e-9 for
// |s| <= 10.2, beyond which erfc is below the smallest float.
template <class D, class V>
HWY_INLINE V erfc_of_abs(D d, V s) {
  constexpr float kP[] = {2.25705564e-01f, 2.24978298e-01f,  2.14700654e-01f, 1.30699530e-01f,
                          2.69114941e-01f, -2.78867364e-01f, 5.40822864e-01f, -4.93853062e-01f,
                          1.95904747e-01f, -2.92061530e-02f};
  const auto one = hn::Set(d, 1.0f);
  const auto z = hn::Min(hn::Abs(s), hn::Set(d, 10.2f));
  const auto t = hn::Div(one, hn::MulAdd(z, hn::Set(d, 0.4f), one));
  auto poly = hn::Set(d, kP[9]);
  for (int i = 8; i >= 0; --i) poly = hn::MulAdd(poly, t, hn::Set(d, kP[i]));
  // exp magnifies the rounding of z^2; split z so that the square of its upper half is exact.
  const hn::RebindToUnsigned<D> du;
  const auto high = hn::BitCast(d, hn::And(hn::BitCast(du, z), hn::Set(du, 0xFFFFF000u)));
  const auto low = hn::Mul(hn::Sub(z, high), hn::Add(z, high));
  const auto exp = hn::Mul(hn::Exp(d, hn::Neg(hn::Mul(high, high))), hn::Exp(d, hn::Neg(low)));
  return hn::Mul(exp, hn::Mul(t, poly));
}

struct Silu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Mul(x, sigmoid(d, x));
  }
};

struct Gelu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const auto half = hn::Set(d, 0.5f);
    const auto tail = hn::Mul(half, erfc_of_abs(d, hn::Mul(x, hn::Set(d, 0.707106781f))));
    const auto below = hn::Lt(x, hn::Zero(d));
    return hn::Mul(x, hn::IfThenElse(below, tail, hn::Sub(hn::Set(d, 1.0f), tail)));
  }
};

struct GeluTanh {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const auto cubic = hn::Mul(hn::Mul(x, x), hn::Set(d, 0.044715f * 1.59576912f));
    const auto twice_s = hn::Mul(x, hn::Add(cubic, hn::Set(d, 1.59576912f)));  // 2 sqrt(2 / pi) = 1.59576912
    return hn::Mul(x, sigmoid(d, twice_s));
  }
};

struct Relu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    return hn::Max(x, hn::Zero(d));
  }
};

// g sigmoid(1.702 g) with g = min(x, 7)
struct ClampedSwish {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V x) const {
    const auto g = hn::Min(x, hn::Set(d, 7.0f));
    return hn::Mul(g, sigmoid(d, hn::Mul(g, hn::Set(d, 1.702f))));
  }
};

struct AsItIs {
  template <class D, class V>
  HWY_INLINE V operator()(D, V up) const {
    return up;
  }
};

// clamp(up, -7, 7) + 1
struct ClampedPlusOne {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V up) const {
    const auto limit = hn::Set(d, 7.0f);
    return hn::Add(hn::Max(hn::Min(up, limit), hn::Neg(limit)), hn::Set(d, 1.0f));
  }
};

// y = f(x), or f(x) * g(up) unless up is null. The last elements go through buffers, so that an element's
// bits do not depend on its place in the row.
template <class F, class G>
void map_row(F f, G g, const float* x, const float* up, float* y, size_t n) {
  const hn::ScalableTag<float> d;
  const size_t lanes = hn::Lanes(d);
  const auto map = [&](const float* gate_at, const float* up_at, float* to) {
    auto v = f(d, hn::LoadU(d, gate_at));
    if (up_at != nullptr) v = hn::Mul(v, g(d, hn::LoadU(d, up_at)));
    hn::StoreU(v, d, to);
  };
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) map(x + i, up == nullptr ? nullptr : up + i, y + i);
  if (i == n) return;
  HWY_ALIGN float gate_rest[HWY_MAX_BYTES / sizeof(float)] = {};
  HWY_ALIGN float up_rest[HWY_MAX_BYTES / sizeof(float)] = {};
  std::copy(x + i, x + n, gate_rest);
  if (up != nullptr) std::copy(up + i, up + n, up_rest);
  map(gate_rest, up == nullptr ? nullptr : up_rest, gate_rest);
  std::copy_n(gate_rest, n - i, y + i);
}

void activate_row(Activation f, const float* x, const float* up, float* y, size_t n) {
  switch (f) {
    case Activation::kSilu:
      return map_row(Silu(), AsItIs(), x, up, y, n);
    case Activation::kGelu:
      return map_row(Gelu(), AsItIs(), x, up, y, n);
    case Activation::kGeluTanh:
      return map_row(GeluTanh(), AsItIs(), x, up, y, n);
    case Activation::kRelu:
      return map_row(Relu(), AsItIs(), x, up, y, n);
    case Activation::kClampedSwiglu:
      return map_row(ClampedSwish(), ClampedPlusOne(), x, up, y, n);
  }
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(activate_row);

void activate(Activation f, MatrixView x) {
  parallel_for(x.rows, 4 * x.rows * x.cols, [&](size_t i) {
    HWY_DYNAMIC_DISPATCH(activate_row)(f, x.row(i).data(), nullptr, x.row(i).data(), x.cols);
  });
}

void gated_activate(Activation f, ConstMatrixView gate_up, MatrixView y) {
  parallel_for(y.rows, 4 * y.rows * y.cols, [&](size_t i) {
    const float* const gate = gate_up.row(i).data();
    HWY_DYNAMIC_DISPATCH(activate_row)(f, gate, gate + y.cols, y.row(i).data(), y.cols);
  });
}

}  // namespace limpid::cpu
#endif
