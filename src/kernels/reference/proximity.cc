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

void attention_proximity(ConstMatrixView y, std::span<const int> queries, ConstMatrixView u,
                         ConstMatrixView a, float* out, size_t out_row_stride, size_t out_key_stride) {
  for (size_t r = 0; r < queries.size(); ++r) {
    for (size_t k = 0; k <= static_cast<size_t>(queries[r]); ++k) {
      out[r * out_row_stride + k * out_key_stride] = proximity_of(y.row(r), a.at(r, k), u.row(k));
    }
  }
}

}  // namespace limpid::reference
