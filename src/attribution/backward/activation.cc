#include "attribution/backward/activation.h"

#include <algorithm>
#include <cmath>

namespace limpid {

namespace {

constexpr float kLimit = 7;  // of kClampedSwiglu

/// f(x) / x; the limit where x is so small that the quotient of two roundings says nothing.
float ratio(Activation f, float x, float fx) {
  if (f == Activation::kRelu) return x > 0 ? 1.0f : 0.0f;
  return std::abs(x) < 1e-30f ? 0.5f : fx / x;
}

/// x = f(x), of the gate alone.
void activate(const Backend& backend, Activation f, MatrixView x) {
  if (f != Activation::kClampedSwiglu) return backend.activate(f, x);
  for (size_t t = 0; t < x.rows; ++t) {
    for (float& v : x.row(t)) {
      const float g = std::min(v, kLimit);
      v = g / (1 + std::exp(-1.702f * g));
    }
  }
}

/// One token. Of the product f(gate) * factor(up), each factor takes half: a product of two is twice what it
/// hands down, since each of them is all of it.
void pull_back_product(Activation f, const float* gradient, const float* act, size_t d_mlp, float* gate,
                       float* up) {
  const bool clamped = f == Activation::kClampedSwiglu;
  for (size_t n = 0; n < d_mlp; ++n) {
    const float u = clamped ? std::clamp(up[n], -kLimit, kLimit) : up[n];
    const float half = 0.5f * gradient[n];
    const float gate_ratio = ratio(f, gate[n], act[n]);
    up[n] = half * act[n] * (u == up[n] ? 1 : u / up[n]);
    gate[n] = half * (clamped ? u + 1 : u) * gate_ratio;
  }
}

}  // namespace

void pull_back_activation(const Backend& backend, Activation f, bool gated, ConstMatrixView gradient,
                          MatrixView hidden) {
  const size_t d_mlp = gradient.cols;
  Matrix act(gradient.rows, d_mlp);
  for (size_t t = 0; t < act.rows(); ++t) std::ranges::copy_n(hidden.row(t).data(), d_mlp, act.row(t).data());
  activate(backend, f, act.view());
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t t = 0; t < act.rows(); ++t) {
    float* const row = hidden.row(t).data();
    const float *const g = gradient.row(t).data(), *const a = act.row(t).data();
    if (gated) {
      pull_back_product(f, g, a, d_mlp, row, row + d_mlp);
    } else {
      for (size_t n = 0; n < d_mlp; ++n) row[n] = g[n] * ratio(f, row[n], a[n]);
    }
  }
}

}  // namespace limpid
