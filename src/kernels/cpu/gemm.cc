#include <algorithm>

#include "kernels/cpu/onednn.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace limpid::cpu {

namespace {

// Tiles of c. oneDNN copies a and b into its own blocks once per tile, so tiles are large.
constexpr size_t kTileRows = 128;
constexpr size_t kTileCols = 256;

}  // namespace

void gemm(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c) {
  const size_t n_inner = a.cols;
  if (n_inner == 0) {
    for (size_t i = 0; i < c.rows; ++i) std::ranges::fill(c.row(i), 0.0f);
    return;
  }
  const size_t n_row_tile = (c.rows + kTileRows - 1) / kTileRows;
  const size_t n_col_tile = (c.cols + kTileCols - 1) / kTileCols;
  parallel_for(n_row_tile * n_col_tile, c.rows * c.cols * n_inner / 16, [&](size_t tile) {
    const size_t i = tile % n_row_tile * kTileRows, j = tile / n_row_tile * kTileCols;
    const size_t m = std::min(kTileRows, c.rows - i), n = std::min(kTileCols, c.cols - j);
    const float* const b_tile = transpose_b ? b.data + j * b.stride : b.data + j;
    sgemm(transpose_b, m, n, n_inner, 1, a.data + i * a.stride, a.stride, b_tile, b.stride,
          c.data + i * c.stride + j, c.stride);
  });
}

}  // namespace limpid::cpu
