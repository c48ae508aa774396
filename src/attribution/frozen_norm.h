// The final norm as a linear map: with the scale that it has at the last state of one position, so that what
// the parts of that state give adds up to what the state gives (docs/method.md, "Reading a vector").
#pragma once

#include <span>
#include <vector>

#include "base/matrix.h"
#include "forward/model.h"

namespace limpid {

class FrozenNorm {
 public:
  /// last: resid_post of the last layer, [d_model].
  FrozenNorm(const Model& model, std::span<const float> last);

  /// parts, out: [m, d_model] (may be the same). The norm's bias is left out.
  void apply(ConstMatrixView parts, MatrixView out) const;
  /// The vector v with v . part = direction . apply(part), in double: parts are summed up. [d_model]
  std::vector<double> pull_back(std::span<const float> direction) const;
  /// [d_model], or empty.
  std::span<const float> bias() const { return norm_.bias; }

 private:
  const Norm& norm_;
  bool centred_;  // a LayerNorm subtracts the mean of each part
  double scale_;  // 1 / rms, or 1 / standard deviation, of the last state
};

}  // namespace limpid
