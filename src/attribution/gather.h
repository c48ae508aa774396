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

/// The same to read from; not copied where the rows lie side by side.
class GatheredRows {
 public:
  GatheredRows(ConstMatrixView from, std::span<const int> rows) {
    if (rows.empty()) return;
    const auto steps = [](int a, int b) { return b != a + 1; };
    if (std::ranges::adjacent_find(rows, steps) == rows.end()) {
      view_ = from.slice_rows(static_cast<size_t>(rows[0]), rows.size());
    } else {
      copy_ = gather_rows(from, rows);
      view_ = copy_.view();
    }
  }

  ConstMatrixView view() const { return view_; }

 private:
  Matrix copy_;
  ConstMatrixView view_;
};

/// Row r times factors[r].
inline Matrix scaled_rows(ConstMatrixView from, std::span<const float> factors) {
  Matrix out(from.rows, from.cols);
  for (size_t r = 0; r < from.rows; ++r) {
    std::ranges::transform(from.row(r), out.row(r).begin(), [&](float x) { return factors[r] * x; });
  }
  return out;
}

}  // namespace limpid
