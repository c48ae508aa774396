#include "attribution/backward/frozen_norms.h"

#include <cmath>
#include <numeric>

#include "kernels/kernels.h"

namespace limpid {

namespace {

double mean(std::span<const float> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

void subtract_mean(std::span<float> x) {
  const auto centre = static_cast<float>(mean(x));
  for (float& v : x) v -= centre;
}

float scale_of(std::span<const float> state, bool centred, float eps) {
  const double centre = centred ? mean(state) : 0;
  double sum = 0;
  for (const float x : state) sum += (static_cast<double>(x) - centre) * (static_cast<double>(x) - centre);
  return static_cast<float>(1 /
                            std::sqrt(sum / static_cast<double>(state.size()) + static_cast<double>(eps)));
}

}  // namespace

FrozenNorms::FrozenNorms(const ModelSpec& spec, std::span<const float> weight, ConstMatrixView states)
    : weight_(weight), centred_(spec.norm == NormKind::kLayer), scale_(states.rows) {
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t t = 0; t < states.rows; ++t) scale_[t] = scale_of(states.row(t), centred_, spec.norm_eps);
}

void FrozenNorms::apply(ConstMatrixView x, MatrixView y) const {
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t t = 0; t < x.rows; ++t) {
    const auto centre = centred_ ? static_cast<float>(mean(x.row(t))) : 0.0f;
    const float* const from = x.row(t).data();
    float* const to = y.row(t).data();
    for (size_t i = 0; i < x.cols; ++i) to[i] = (from[i] - centre) * scale_[t] * weight_[i];
  }
}

void FrozenNorms::pull_back(ConstMatrixView x, MatrixView y) const {
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t t = 0; t < x.rows; ++t) {
    const float* const from = x.row(t).data();
    float* const to = y.row(t).data();
    for (size_t i = 0; i < x.cols; ++i) to[i] = from[i] * weight_[i] * scale_[t];
    if (centred_) subtract_mean(y.row(t));
  }
}

}  // namespace limpid
