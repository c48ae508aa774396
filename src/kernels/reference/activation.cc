#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

// (1 + tanh(s)) / 2 = 1 / (1 + exp(-2 s)) and (1 + erf(s)) / 2 = erfc(-s) / 2: the right-hand sides do not
// cancel for negative s.
double apply(Activation f, double x) {
  switch (f) {
    case Activation::kSilu:
      return x / (1 + std::exp(-x));
    case Activation::kGelu:
      return x * std::erfc(-x / std::numbers::sqrt2) / 2;
    case Activation::kGeluTanh: {
      const double s = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
      return x / (1 + std::exp(-2 * s));
    }
    case Activation::kRelu:
      return std::max(x, 0.0);
    case Activation::kClampedSwiglu: {
      const double g = std::min(x, 7.0);
      return g / (1 + std::exp(-1.702 * g));
    }
  }
  CHECK(false);
  return 0;
}

// What f(gate) is multiplied with.
double factor(Activation f, double up) {
  return f == Activation::kClampedSwiglu ? std::clamp(up, -7.0, 7.0) + 1 : up;
}

}  // namespace

void activate(Activation f, MatrixView x) {
  for (size_t i = 0; i < x.rows; ++i) {
    for (float& v : x.row(i)) v = static_cast<float>(apply(f, v));
  }
}

void gated_activate(Activation f, ConstMatrixView gate_up, MatrixView y) {
  for (size_t i = 0; i < y.rows; ++i) {
    for (size_t j = 0; j < y.cols; ++j) {
      y.at(i, j) = static_cast<float>(apply(f, gate_up.at(i, j)) * factor(f, gate_up.at(i, y.cols + j)));
    }
  }
}

void add(ConstMatrixView x, MatrixView y) {
  for (size_t i = 0; i < y.rows; ++i) {
    for (size_t j = 0; j < y.cols; ++j) y.at(i, j) += x.at(i, j);
  }
}

}  // namespace limpid::reference
