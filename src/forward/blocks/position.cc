#include <cmath>

#include "forward/blocks/blocks.h"

namespace limpid {

Rotation::Rotation(const ModelSpec& spec, size_t n_tok) {
  if (!spec.rope) return;
  const auto& frequency = spec.rope->inverse_frequency;
  cos = Matrix(n_tok, frequency.size());
  sin = Matrix(n_tok, frequency.size());
  for (size_t t = 0; t < n_tok; ++t) {
    for (size_t i = 0; i < frequency.size(); ++i) {
      // The angle is rounded to float32, as the reference implementation does; cos and sin of it are exact.
      const float angle = static_cast<float>(t) * frequency[i];
      cos.row(t)[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      sin.row(t)[i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  }
}

}  // namespace limpid
