#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::expect_near;
using testing::Fill;
using testing::for_each_target;
using testing::roundings;

constexpr size_t kRows = 3;
constexpr float kEps = 1e-5f;

// What rounding may do to y = (x - mean) / sqrt(var + eps) * weight + bias over n numbers.
//   mean:  n roundings of a sum of |x| / n;
//   scale: n + 3 roundings of positive terms under a root, plus root, division and products;
struct NormBound {
  NormBound(std::span<const float> x, bool centered) {
    const auto n = static_cast<double>(x.size());
    double sum = 0, sum_of_abs = 0, sum_of_squares = 0;
    for (const float v : x) sum += v, sum_of_abs += std::abs(v);
    mean = centered ? sum / n : 0;
    mean_error = centered ? roundings(n + 1) * sum_of_abs / n : 0;
    for (const float v : x) sum_of_squares += (v - mean) * (v - mean);
    const double variance = sum_of_squares / n + kEps;
    scale = 1 / std::sqrt(variance);
    // A shifted mean adds its square to the variance, and rounds every difference.
    scale_error = roundings(n + 8) + mean_error * mean_error / variance;
  }
  double operator()(double x, double weight, double bias) const {
    const double value = std::abs(x - mean) * scale * std::abs(weight);
    return value * scale_error + mean_error * scale * std::abs(weight) * (1 + scale_error) +
           roundings(2) * (value + std::abs(bias)) + 1e-37;
  }
  double mean, mean_error, scale, scale_error;
};

void check_norm(size_t n, Fill how, bool layer, bool with_bias, bool in_place) {
  SCOPED_TRACE(::testing::Message() << n << (layer ? " layer" : " rms"));
  const AwkwardMatrix x(kRows, n, how, 1), weight(1, n, Fill::kNormal, 2), b(1, n, how, 3);
  const std::span<const float> bias = with_bias ? b.row(0) : std::span<const float>();
  AwkwardMatrix want(kRows, n, Fill::kZero, 0), got = in_place ? x : want;
  const auto run = [&](const Backend& backend, ConstMatrixView from, MatrixView to) {
    if (layer) return backend.layer_norm(from, weight.row(0), bias, kEps, to);
    backend.rms_norm(from, weight.row(0), kEps, to);
  };
  run(reference_backend(), x, want);
  if (in_place) {
    run(cpu_backend(), got, got);
  } else {
    run(cpu_backend(), x, got);
  }
  for (size_t i = 0; i < kRows; ++i) {
    const NormBound bound(x.row(i), layer);
    expect_near(got.view().slice_rows(i, 1), want.view().slice_rows(i, 1), [&](size_t, size_t j) {
      return bound(x.at(i, j), weight.at(0, j), with_bias ? bias[j] : 0);
    });
  }
  EXPECT_TRUE(got.guards_intact());
}

TEST(Norm, AgreesWithReference) {
  for_each_target([] {
    for (size_t n = 1; n <= 70; ++n) {
      for (const Fill how : testing::kFills) {
        check_norm(n, how, false, false, n % 2 == 0);
        check_norm(n, how, true, n % 3 != 0, n % 2 == 0);
      }
    }
    check_norm(4099, Fill::kMassive, true, true, false);
  });
}

TEST(Norm, ByHand) {
  // rms([3, 4]) = sqrt(12.5); layer norm of [1, 3]: mean 2, deviation 1.
  Matrix x(1, 2), y(1, 2);
  const float one[] = {1, 1}, weight[] = {2, 10}, bias[] = {0.5f, -1};
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    x.row(0)[0] = 3, x.row(0)[1] = 4;
    backend->rms_norm(x.view(), one, 0, y.view());
    EXPECT_FLOAT_EQ(y.row(0)[0], 0.848528137f);
    EXPECT_FLOAT_EQ(y.row(0)[1], 1.13137085f);
    x.row(0)[0] = 1, x.row(0)[1] = 3;
    backend->layer_norm(x.view(), weight, bias, 0, y.view());
    EXPECT_FLOAT_EQ(y.row(0)[0], -1.5f);
    EXPECT_FLOAT_EQ(y.row(0)[1], 9.0f);
  }
}

}  // namespace
}  // namespace limpid
