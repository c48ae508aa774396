#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::expect_near;
using testing::Fill;
using testing::roundings;

struct Shape {
  size_t m, n, k;
};

// Around lanes, panels and tiles: nothing is a multiple of anything.
constexpr Shape kShapes[] = {{1, 1, 1},     {1, 70, 33},    {2, 3, 5},     {3, 64, 64},   {4, 65, 63},
                             {7, 129, 17},  {14, 192, 96},  {33, 200, 61}, {64, 255, 70}, {65, 257, 31},
                             {130, 300, 9}, {150, 577, 40}, {5, 1100, 24}, {6, 4500, 7}};

// Bound on the rounding of sum_k a_ik b_jk (+ bias_j) in any order: one rounding per term and sum.
double dot_bound(ConstMatrixView a, ConstMatrixView b, bool transpose_b, size_t i, size_t j, double bias) {
  double magnitude = std::abs(bias);
  for (size_t k = 0; k < a.cols; ++k) {
    magnitude += std::abs(double{a.at(i, k)} * (transpose_b ? b.at(j, k) : b.at(k, j)));
  }
  return roundings(static_cast<double>(a.cols) + 2) * magnitude;
}

// What is left out of the first factor of every term, beside the roundings.
double split_bound(ConstMatrixView a, ConstMatrixView b, size_t i, size_t j) {
  double magnitude = 0;
  for (size_t k = 0; k < a.cols; ++k) magnitude += std::abs(double{a.at(i, k)} * b.at(j, k));
  return 0x1p-17 * magnitude + 1e-36;
}

void round_to_bfloat16(MatrixView w) {
  for (size_t i = 0; i < w.rows; ++i) {
    for (float& v : w.row(i)) v = std::bit_cast<float>(std::bit_cast<uint32_t>(v) & 0xFFFF0000u);
  }
}

void check_matmul(const Shape& s, Fill how, bool with_bias, Precision precision) {
  SCOPED_TRACE(::testing::Message() << s.m << " x " << s.n << " x " << s.k);
  const bool is_bf16 = precision == Precision::kBFloat16;
  const AwkwardMatrix x(s.m, s.k, how, 1), b(1, s.n, how, 3);
  AwkwardMatrix w(s.n, s.k, Fill::kNormal, 2);
  if (is_bf16) round_to_bfloat16(w);
  const std::span<const float> bias = with_bias ? b.row(0) : std::span<const float>();
  AwkwardMatrix want(s.m, s.n, Fill::kZero, 0), got(s.m, s.n, Fill::kNormal, 4);
  reference_backend().matmul(x, *testing::pack(reference_backend(), w), bias, want);
  const auto packed = testing::pack(cpu_backend(), w, precision);
  EXPECT_EQ(packed->n_out(), s.n);
  EXPECT_EQ(packed->n_in(), s.k);
  EXPECT_GE(packed->n_bytes(), s.n * s.k * (is_bf16 ? 2 : sizeof(float)));
  cpu_backend().matmul(x, *packed, bias, got);
  expect_near(got, want, [&](size_t i, size_t j) {
    return dot_bound(x, w, true, i, j, with_bias ? bias[j] : 0) + (is_bf16 ? split_bound(x, w, i, j) : 0);
  });
  EXPECT_TRUE(got.guards_intact());
}

TEST(Matmul, AgreesWithReference) {
  for (const Shape& s : kShapes) {
    for (const Fill how : testing::kFills) {
      for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
        check_matmul(s, how, how != Fill::kNormal, precision);
      }
    }
  }
}

TEST(Matmul, ContiguousInputs) {
  const size_t m = 70, n = 130, k = 48;
  Matrix x(m, k), w(n, k), want(m, n), got(m, n);
  testing::fill({x.data(), m * k}, Fill::kNormal, 5);
  testing::fill({w.data(), n * k}, Fill::kNormal, 6);
  reference_backend().matmul(x.view(), *testing::pack(reference_backend(), w.view()), {}, want.view());
  cpu_backend().matmul(x.view(), *testing::pack(cpu_backend(), w.view()), {}, got.view());
  expect_near(got.view(), want.view(),
              [&](size_t i, size_t j) { return dot_bound(x.view(), w.view(), true, i, j, 0); });
}

TEST(Matmul, EveryRowIsReadOnce) {
  const size_t n_out = 1500, n_in = 3;
  std::vector<std::atomic<int>> reads(n_out);
  cpu_backend().pack(n_out, n_in, Precision::kFloat32, [&](size_t row, std::span<float> out) {
    ASSERT_EQ(out.size(), n_in);
    ++reads[row];
    std::ranges::fill(out, 0.0f);
  });
  for (size_t row = 0; row < n_out; ++row) EXPECT_EQ(reads[row], 1) << row;
}

TEST(Gemm, AgreesWithReference) {
  for (const Shape& s : kShapes) {
    for (const bool transpose_b : {false, true}) {
      for (const Fill how : testing::kFills) {
        SCOPED_TRACE(::testing::Message() << s.m << " x " << s.n << " x " << s.k << ' ' << transpose_b);
        const AwkwardMatrix a(s.m, s.k, how, 1);
        const AwkwardMatrix b(transpose_b ? s.n : s.k, transpose_b ? s.k : s.n, Fill::kNormal, 2);
        AwkwardMatrix want(s.m, s.n, Fill::kZero, 0), got(s.m, s.n, Fill::kNormal, 3);
        reference_backend().gemm(a, b, transpose_b, want);
        cpu_backend().gemm(a, b, transpose_b, got);
        expect_near(got, want, [&](size_t i, size_t j) { return dot_bound(a, b, transpose_b, i, j, 0); });
        EXPECT_TRUE(got.guards_intact());
      }
    }
  }
}

TEST(Gemm, NoInnerDimensionGivesZeros) {
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    AwkwardMatrix c(3, 5, Fill::kNormal, 1);
    backend->gemm(Matrix(3, 0).view(), Matrix(0, 5).view(), false, c);
    expect_near(c, AwkwardMatrix(3, 5, Fill::kZero, 0), [](size_t, size_t) { return 0; });
  }
}

}  // namespace
}  // namespace limpid
