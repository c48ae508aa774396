// The same bits for any number of threads, function by function.
#include <numeric>

#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::Fill;

// Runs `compute` (which fills and returns a matrix) with 1 to 4 threads and expects equal bits.
template <class Compute>
void expect_same_bits(const Compute& compute) {
  set_threads(1);
  const AwkwardMatrix want = compute();
  for (int n = 2; n <= 4; ++n) {
    set_threads(n);
    EXPECT_TRUE(testing::same_bits(compute(), want)) << n << " threads";
  }
  set_threads(0);
}

AwkwardMatrix empty_like(size_t rows, size_t cols) {
  return {rows, cols, Fill::kZero, 0};
}

struct Shape {
  size_t m, n, k;
};

// Rows below, at and above a tile; outputs below, at and above a panel; inner dimensions long enough for a
// library to think of splitting them between threads.
constexpr Shape kShapes[] = {{1, 17, 5},       {1, 192, 1536}, {1, 1030, 577},  {2, 576, 4096},
                             {3, 33, 501},     {4, 4100, 192}, {14, 192, 577},  {14, 576, 1536},
                             {63, 1030, 64},   {64, 64, 1536}, {65, 577, 1537}, {130, 300, 501},
                             {200, 1030, 192}, {257, 576, 64}};

TEST(Determinism, Matmul) {
  for (const auto& [m, n, k] : kShapes) {
    SCOPED_TRACE(::testing::Message() << m << " x " << n << " x " << k);
    const AwkwardMatrix x(m, k, Fill::kMassive, 1), w(n, k, Fill::kNormal, 2), bias(1, n, Fill::kNormal, 3);
    for (const Precision precision : {Precision::kFloat32, Precision::kBFloat16}) {
      expect_same_bits([&] {
        AwkwardMatrix y = empty_like(m, n);
        cpu_backend().matmul(x, *testing::pack(cpu_backend(), w, precision), bias.row(0), y);
        return y;
      });
    }
  }
}

TEST(Determinism, Gemm) {
  for (const auto& [m, n, k] : kShapes) {
    SCOPED_TRACE(::testing::Message() << m << " x " << n << " x " << k);
    const AwkwardMatrix a(m, k, Fill::kMassive, 1), b(n, k, Fill::kNormal, 2), bt(k, n, Fill::kNormal, 2);
    expect_same_bits([&] {
      AwkwardMatrix c = empty_like(2 * m, n);
      cpu_backend().gemm(a, b, true, c.view().slice_rows(0, m));
      cpu_backend().gemm(a, bt, false, c.view().slice_rows(m, m));
      return c;
    });
  }
}

TEST(Determinism, Attention) {
  for (const size_t n_tok : {5, 64, 201}) {
    const size_t n_head = 6, d_head = 40;
    const AwkwardMatrix q(n_tok, n_head * d_head, Fill::kNormal, 1), k(n_tok, 2 * d_head, Fill::kNormal, 2),
        v(n_tok, 2 * d_head, Fill::kNormal, 3);
    const AttentionInputs in = {q, k, v, n_head, 2, d_head, 0.2f};
    std::vector<int> queries(n_tok);
    std::iota(queries.begin(), queries.end(), 0);
    expect_same_bits([&] {
      AwkwardMatrix z = empty_like(n_tok, n_head * d_head);
      cpu_backend().attention(in, {}, z);
      return z;
    });
    expect_same_bits([&] {
      AwkwardMatrix a = empty_like(n_tok, n_tok);
      cpu_backend().attention_rows(in, 3, queries, a);
      return a;
    });
  }
}

TEST(Determinism, RowByRow) {
  const size_t m = 150, n = 576;
  const AwkwardMatrix x(m, n, Fill::kNormal, 1), weight(1, n, Fill::kNormal, 2), cos(m, 32, Fill::kNormal, 3);
  const std::function<void(AwkwardMatrix&)> functions[] = {
      [&](auto& y) { cpu_backend().rms_norm(x, weight.row(0), 1e-5f, y); },
      [&](auto& y) { cpu_backend().layer_norm(x, weight.row(0), {}, 1e-5f, y); },
      [&](auto& y) {
        cpu_backend().rope(y, 9, {cos, cos}, RopePairs::kHalves);
      },
      [&](auto& y) { cpu_backend().activate(Activation::kGelu, y); },
      [&](auto& y) { cpu_backend().gated_activate(Activation::kSilu, x, y.view().columns(0, n / 2)); },
      [&](auto& y) { cpu_backend().add(x, y); },
      [&](auto& y) { cpu_backend().softmax(y); },
  };
  for (const auto& f : functions) {
    expect_same_bits([&] {
      AwkwardMatrix y(m, n, Fill::kNormal, 4);
      f(y);
      return y;
    });
  }
}

TEST(Determinism, Proximity) {
  const size_t n_tok = 150, d = 130, n_head = 3, d_head = 20;
  const AwkwardMatrix y(n_tok, d, Fill::kMassive, 1), v(n_tok, d_head, Fill::kNormal, 2),
      projection(d, n_head * d_head, Fill::kNormal, 4);
  AwkwardMatrix a(n_head * n_tok, n_tok, Fill::kNormal, 3);
  for (size_t i = 0; i < a.rows(); ++i) {
    for (float& weight : a.view().row(i)) weight = std::abs(weight);
  }
  std::vector<int> queries(n_tok);
  std::iota(queries.begin(), queries.end(), 0);
  expect_same_bits([&] {
    AwkwardMatrix out = empty_like(n_head * n_tok, n_tok);
    cpu_backend().attention_proximity({a, v, projection, n_head, 1, d_head}, y, queries, out);
    return out;
  });
  expect_same_bits([&] {
    AwkwardMatrix out = empty_like(1, n_tok);
    cpu_backend().proximity(y, y, out.view().row(0));
    return out;
  });
}

}  // namespace
}  // namespace limpid
