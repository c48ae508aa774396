#include <cmath>

#include "forward/blocks/blocks.h"

namespace limpid {

void apply_norm(const Model& model, const Norm& norm, ConstMatrixView x, MatrixView y) {
  const ModelSpec& spec = model.spec();
  switch (spec.norm) {
    case NormKind::kRms:
      model.backend().rms_norm(x, norm.weight, spec.norm_eps, y);
      return;
    case NormKind::kLayer:
      model.backend().layer_norm(x, norm.weight, norm.bias, spec.norm_eps, y);
      return;
  }
}

std::vector<float> apply_post_norm(const Model& model, const Norm& norm, MatrixView x) {
  std::vector<float> scale(x.rows);
  for (size_t t = 0; t < x.rows; ++t) {
    double sum = 0;
    for (const float v : x.row(t)) sum += static_cast<double>(v) * static_cast<double>(v);
    const double mean = sum / static_cast<double>(x.cols);
    scale[t] = static_cast<float>(1 / std::sqrt(mean + static_cast<double>(model.spec().norm_eps)));
  }
  apply_norm(model, norm, x, x);
  return scale;
}

}  // namespace limpid
