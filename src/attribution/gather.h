// Copies of rows of a matrix.
#pragma once

#include <algorithm>
#include <span>

#include "base/matrix.h"

namespace limpid {

inline Matrix gather_rows(ConstMatrixView from, std::span<const int> rows) {
  Matrix out(rows.size(), from.cols);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(from.row(static_cast<size_t>(rows[i])), out.row(i).begin());
  }
  return out;
}

/// Row r times factors[r].
inline Matrix scaled_rows(ConstMatrixView from, std::span<const float> factors) {
  Matrix out(from.rows, from.cols);
  for (size_t r = 0; r < from.rows; ++r) {
    std::ranges::transform(from.row(r), out.row(r).begin(), [&](float x) { return factors[r] * x; });
  }
  return out;
}

}  // namespace limpid
