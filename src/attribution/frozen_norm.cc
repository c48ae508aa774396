#include "attribution/frozen_norm.h"

#include <cmath>
#include <numeric>

namespace limpid {

namespace {

template <class T>
double mean(std::span<const T> x) {
  return std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

}  // namespace

FrozenNorm::FrozenNorm(const Model& model, std::span<const float> last)
    : norm_(model.final_norm()), centred_(model.spec().norm == NormKind::kLayer) {
  const double centre = centred_ ? mean(last) : 0;
  double sum = 0;
  for (const float x : last) sum += (static_cast<double>(x) - centre) * (static_cast<double>(x) - centre);
  scale_ = 1 / std::sqrt(sum / static_cast<double>(last.size()) + static_cast<double>(model.spec().norm_eps));
}

void FrozenNorm::apply(ConstMatrixView parts, MatrixView out) const {
  for (size_t r = 0; r < parts.rows; ++r) {
    const double centre = centred_ ? mean(parts.row(r)) : 0;
    for (size_t i = 0; i < parts.cols; ++i) {
      const double x = (static_cast<double>(parts.at(r, i)) - centre) * scale_;
      out.at(r, i) = static_cast<float>(x * static_cast<double>(norm_.weight[i]));
    }
  }
}

std::vector<double> FrozenNorm::pull_back(std::span<const float> direction) const {
  std::vector<double> v(direction.size());
  for (size_t i = 0; i < v.size(); ++i) {
    v[i] = static_cast<double>(direction[i]) * static_cast<double>(norm_.weight[i]) * scale_;
  }
  if (centred_) {
    const double centre = mean(std::span<const double>(v));
    for (double& x : v) x -= centre;
  }
  return v;
}

}  // namespace limpid
