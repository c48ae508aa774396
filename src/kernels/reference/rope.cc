#include "kernels/reference/ops.h"

namespace limpid::reference {

void rope(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs) {
  const size_t d_head = x.cols / n_head;
  const size_t n_pair = angles.cos.cols;
  const bool halves = pairs == RopePairs::kHalves;
  for (size_t t = 0; t < x.rows; ++t) {
    for (size_t h = 0; h < n_head; ++h) {
      for (size_t i = 0; i < n_pair; ++i) {
        float& a = x.at(t, h * d_head + (halves ? i : 2 * i));
        float& b = x.at(t, h * d_head + (halves ? i + n_pair : 2 * i + 1));
        const double cos = angles.cos.at(t, i), sin = angles.sin.at(t, i);
        const double rotated_a = a * cos - b * sin;
        const double rotated_b = b * cos + a * sin;
        a = static_cast<float>(rotated_a);
        b = static_cast<float>(rotated_b);
      }
    }
  }
}

}  // namespace limpid::reference
