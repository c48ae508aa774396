#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::expect_near;
using testing::Fill;
using testing::for_each_target;
using testing::roundings;

constexpr Activation kAll[] = {Activation::kSilu, Activation::kGelu, Activation::kGeluTanh,
                               Activation::kRelu};

// Relative error allowed at x. The exponential's argument e carries a few roundings, each of which changes
// the result by |e| u (up to |e| = 104, where exp leaves the range of float32); then come exp itself (1 ulp
// = 2 u), the polynomial and a handful of products.
double relative_bound(Activation f, double x) {
  constexpr double kLargest = 104;
  switch (f) {
    case Activation::kSilu:
      return roundings(10);
    case Activation::kGelu:
      return roundings(40 + 4 * std::min(x * x / 2, kLargest));
    case Activation::kGeluTanh: {
      const double exponent = 1.6 * std::abs(x + 0.044715 * x * x * x);
      return roundings(10 + 5 * std::min(exponent, kLargest));
    }
    case Activation::kRelu:
    case Activation::kClampedSwiglu:  // has its own test
      return 0;
  }
  return 0;
}

// Both factors are checked: the gate's exponential, and the sum that may cancel near up = -1.
TEST(Activation, ClampedSwigluAgreesWithReference) {
  for_each_target([] {
    for (size_t n = 1; n <= 70; ++n) {
      AwkwardMatrix gate_up(2, 2 * n, Fill::kNormal, static_cast<uint32_t>(n));
      for (size_t j = 0; j < 2 * n; ++j) gate_up.view().at(1, j) *= 8;  // beyond the clamps
      AwkwardMatrix want(2, n, Fill::kZero, 0), got(2, n, Fill::kNormal, 0);
      reference_backend().gated_activate(Activation::kClampedSwiglu, gate_up, want);
      cpu_backend().gated_activate(Activation::kClampedSwiglu, gate_up, got);
      expect_near(got, want, [&](size_t i, size_t j) {
        const double gate = std::min<double>(gate_up.at(i, j), 7), up = gate_up.at(i, n + j);
        const double magnitude =
            std::abs(gate) / (1 + std::exp(-1.702 * gate)) * (std::min(std::abs(up), 7.0) + 1);
        return roundings(16 + 4 * std::abs(1.702 * gate)) * magnitude + 1e-36;
      });
      EXPECT_TRUE(got.guards_intact());
    }
  });
}

TEST(Activation, ClampedSwigluByHand) {
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    Matrix gate_up(1, 6), y(1, 3);
    const float values[] = {1, 100, 0, 0.5f, -100, 3};  // gates, then ups
    std::ranges::copy(values, gate_up.data());
    backend->gated_activate(Activation::kClampedSwiglu, gate_up.view(), y.view());
    EXPECT_FLOAT_EQ(y.row(0)[0], 1.26869365f);   // sigmoid(1.702) 1.5
    EXPECT_FLOAT_EQ(y.row(0)[1], -41.9997188f);  // 7 sigmoid(11.914) (-7 + 1)
    EXPECT_EQ(y.row(0)[2], 0);
  }
}

constexpr double kTiny = 1e-36;  // results may flush below the smallest normal float

TEST(Activation, AgreesWithReferenceOverTheLine) {
  constexpr size_t kCount = 20001;
  for_each_target([] {
    for (const Activation f : kAll) {
      SCOPED_TRACE(static_cast<int>(f));
      Matrix x(1, kCount), want(1, kCount), got(1, kCount);
      for (size_t i = 0; i < kCount; ++i) x.row(0)[i] = static_cast<float>(i) * 0.0025f - 25;
      std::ranges::copy(x.row(0), want.data());
      std::ranges::copy(x.row(0), got.data());
      reference_backend().activate(f, want.view());
      cpu_backend().activate(f, got.view());
      expect_near(got.view(), want.view(), [&](size_t, size_t j) {
        return relative_bound(f, x.row(0)[j]) * std::abs(want.row(0)[j]) + kTiny;
      });
    }
  });
}

TEST(Activation, FarTails) {
  for_each_target([] {
    for (const Activation f : kAll) {
      for (const float magnitude : {50.0f, 88.0f, 104.0f, 1e3f, 1e4f, 1e20f}) {
        Matrix x(1, 2);
        x.row(0)[0] = magnitude, x.row(0)[1] = -magnitude;
        cpu_backend().activate(f, x.view());
        EXPECT_EQ(x.row(0)[0], magnitude);
        // silu(-50) is -1e-20; everything else is smaller.
        EXPECT_NEAR(x.row(0)[1], 0, 1e-19) << magnitude;
      }
    }
  });
}

TEST(Activation, ByHand) {
  struct Case {
    Activation f;
    float at_one, at_minus_two;
  };
  const Case cases[] = {{Activation::kSilu, 0.731058579f, -0.238405844f},
                        {Activation::kGelu, 0.841344746f, -0.0455002639f},
                        {Activation::kGeluTanh, 0.841191990f, -0.0454023059f},
                        {Activation::kRelu, 1, 0}};
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    for (const Case& c : cases) {
      Matrix x(1, 3);
      x.row(0)[0] = 1, x.row(0)[1] = -2, x.row(0)[2] = 0;
      backend->activate(c.f, x.view());
      EXPECT_FLOAT_EQ(x.row(0)[0], c.at_one);
      EXPECT_FLOAT_EQ(x.row(0)[1], c.at_minus_two);
      EXPECT_EQ(x.row(0)[2], 0);
    }
  }
}

TEST(Activation, GatedAgreesWithReference) {
  for_each_target([] {
    for (size_t n = 1; n <= 70; ++n) {
      for (const Activation f : kAll) {
        for (const Fill how : testing::kFills) {
          SCOPED_TRACE(n);
          const AwkwardMatrix gate_up(3, 2 * n, how, static_cast<uint32_t>(n));
          AwkwardMatrix want(3, n, Fill::kZero, 0), got(3, n, Fill::kNormal, 0);
          reference_backend().gated_activate(f, gate_up, want);
          cpu_backend().gated_activate(f, gate_up, got);
          expect_near(got, want, [&](size_t i, size_t j) {
            const double up = std::abs(gate_up.at(i, n + j));
            return (relative_bound(f, gate_up.at(i, j)) + roundings(1)) * std::abs(want.at(i, j)) +
                   kTiny * (1 + up);
          });
          EXPECT_TRUE(got.guards_intact());
        }
      }
    }
  });
}

TEST(Add, IsExact) {
  for_each_target([] {
    for (size_t n = 1; n <= 70; ++n) {
      const AwkwardMatrix x(3, n, Fill::kMassive, 1);
      AwkwardMatrix want(3, n, Fill::kNormal, 2), got = want;
      reference_backend().add(x, want);
      cpu_backend().add(x, got);
      EXPECT_TRUE(testing::same_bits(got, want)) << n;
      EXPECT_TRUE(got.guards_intact());
    }
  });
}

}  // namespace
}  // namespace limpid
