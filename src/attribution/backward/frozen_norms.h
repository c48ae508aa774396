// A norm of many states as a linear map: each row keeps the scale that the norm has at its state. What a
// layer norm subtracts, the mean, is linear; its bias is not part of the map.
#pragma once

#include <span>
#include <vector>

#include "base/matrix.h"
#include "forward/model.h"

namespace limpid {

class FrozenNorms {
 public:
  /// states: [m, width], weight: [width], which must outlive this object.
  FrozenNorms(const ModelSpec& spec, std::span<const float> weight, ConstMatrixView states);

  /// What becomes of differences of states; x, y: [m, width] (may be the same).
  void apply(ConstMatrixView x, MatrixView y) const;
  /// From the gradient of what the norm gives to that of its input; x, y: [m, width] (may be the same).
  void pull_back(ConstMatrixView x, MatrixView y) const;

 private:
  std::span<const float> weight_;
  bool centred_;              // a LayerNorm
  std::vector<float> scale_;  // [m]
};

}  // namespace limpid
