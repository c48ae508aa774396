// Rows of a matrix by position.
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

}  // namespace limpid
