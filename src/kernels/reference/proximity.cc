#include <algorithm>
#include <cmath>

#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

// max(0, sum_i |y_i| - |y_i - scale z_i|)
float proximity_of(std::span<const float> y, double scale, std::span<const float> z) {
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += std::abs(double{y[i]}) - std::abs(y[i] - scale * z[i]);
  return static_cast<float>(std::max(sum, 0.0));
}

}  // namespace

void proximity(ConstMatrixView z, ConstMatrixView y, std::span<float> out) {
  for (size_t r = 0; r < y.rows; ++r) out[r] = proximity_of(y.row(r), 1, z.row(r));
}

void attention_proximity(const AttentionParts& parts, ConstMatrixView y, std::span<const int> queries,
                         MatrixView out) {
  const size_t group = parts.n_head / parts.n_kv_head;
  Matrix u(parts.v.rows, y.cols);
  for (size_t h = 0; h < parts.n_head; ++h) {
    gemm(parts.v.columns(h / group * parts.d_head, parts.d_head),
         parts.projection.columns(h * parts.d_head, parts.d_head), true, u.view());
    for (size_t r = 0; r < queries.size(); ++r) {
      const size_t row = h * queries.size() + r;
      for (size_t k = 0; k <= static_cast<size_t>(queries[r]); ++k) {
        out.at(row, k) = proximity_of(y.row(r), parts.a.at(row, k), u.row(k));
      }
    }
  }
}

}  // namespace limpid::reference
