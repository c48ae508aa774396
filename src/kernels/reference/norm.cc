#include <cmath>

#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

// y = (x - mean) / sqrt(mean((x - mean)^2) + eps) * weight + bias
void normalize_row(std::span<const float> x, double mean, std::span<const float> weight,
                   std::span<const float> bias, float eps, std::span<float> y) {
  double sum_of_squares = 0;
  for (const float v : x) sum_of_squares += (v - mean) * (v - mean);
  const double scale = 1 / std::sqrt(sum_of_squares / static_cast<double>(x.size()) + eps);
  for (size_t i = 0; i < x.size(); ++i) {
    y[i] = static_cast<float>((x[i] - mean) * scale * weight[i] + (bias.empty() ? 0.0 : bias[i]));
  }
}

}  // namespace

void rms_norm(ConstMatrixView x, std::span<const float> weight, float eps, MatrixView y) {
  for (size_t i = 0; i < x.rows; ++i) normalize_row(x.row(i), 0, weight, {}, eps, y.row(i));
}

void layer_norm(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatrixView y) {
  for (size_t i = 0; i < x.rows; ++i) {
    double sum = 0;
    for (const float v : x.row(i)) sum += v;
    normalize_row(x.row(i), sum / static_cast<double>(x.cols), weight, bias, eps, y.row(i));
  }
}

}  // namespace limpid::reference
