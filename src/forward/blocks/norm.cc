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

}  // namespace limpid
