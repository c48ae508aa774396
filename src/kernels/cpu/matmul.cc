#include <algorithm>
#include <vector>

#include "base/check.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/packed_matrix.h"
#include "kernels/cpu/parallel.h"

namespace limpid::cpu {

namespace {

constexpr size_t kTileRows = 64;

// One thread's buffers and runners. The last tile of rows may be smaller than the others.
struct State {
  State(ConstMatrixView x, const PanelMatrix& w)
      : full_rows(std::min(kTileRows, x.rows)),
        last_rows(x.rows - (x.rows - 1) / kTileRows * kTileRows),
        n_half(w.precision() == Precision::kBFloat16 ? 2 : 1),
        full(tile_product(w.precision(), n_half * full_rows, w.panel_rows(), x.cols)),
        last(tile_product(w.precision(), n_half * last_rows, w.panel_rows(), x.cols)),
        y_tile(n_half * full_rows, w.panel_rows()),
        x_tile(n_half == 1 && !is_contiguous(x) ? full_rows : 0, x.cols),
        halves(n_half == 2 ? 2 * full_rows * x.cols : 0) {}

  static bool is_contiguous(ConstMatrixView x) { return x.stride == x.cols || x.rows == 1; }

  size_t full_rows, last_rows;
  size_t n_half;  // bfloat16 numbers that a float32 of x is the sum of
  TileRunner full, last;
  Matrix y_tile;
  Matrix x_tile;
  std::vector<uint16_t> halves;
};

// x as the sum of two bfloat16 numbers, which leaves out what is below 2^-17 of it: all rows of the first,
// then all rows of the second.
const void* split(ConstMatrixView x, std::vector<uint16_t>& out) {
  for (size_t i = 0; i < x.rows; ++i) {
    split_bfloat16(x.row(i).data(), x.cols, &out[i * x.cols], &out[(x.rows + i) * x.cols]);
  }
  return out.data();
}

// Rows of x, copied where they are not adjacent.
const void* contiguous(ConstMatrixView x, Matrix& buffer) {
  if (State::is_contiguous(x)) return x.data;
  for (size_t i = 0; i < x.rows; ++i) std::ranges::copy(x.row(i), buffer.row(i).data());
  return buffer.data();
}

// y = tile + bias, as far as y goes; with two halves, row i of the tile goes on in row y.rows + i.
void store(Matrix& tile, size_t n_half, std::span<const float> bias, MatrixView y) {
  for (size_t i = 0; i < y.rows; ++i) {
    float* const from = tile.row(i).data();
    float* const to = y.row(i).data();
    if (n_half == 2) {
      const float* const rest = tile.row(y.rows + i).data();
      for (size_t j = 0; j < y.cols; ++j) from[j] += rest[j];
    }
    if (bias.empty()) {
      std::copy_n(from, y.cols, to);
    } else {
      for (size_t j = 0; j < y.cols; ++j) to[j] = from[j] + bias[j];
    }
  }
}

}  // namespace

void matmul(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias, MatrixView y) {
  const auto* const panels = dynamic_cast<const PanelMatrix*>(&w);
  CHECK(panels != nullptr);
  const size_t n_row_tile = (x.rows + kTileRows - 1) / kTileRows;
  const auto make_state = [&] { return State(x, *panels); };
  const size_t work = x.rows * x.cols * y.cols / 16;
  parallel_for(n_row_tile * panels->n_panel(), work, make_state, [&](size_t task, State& state) {
    // Row tiles of a panel follow each other, so that the panel stays in cache.
    const size_t panel = task / n_row_tile, tile = task % n_row_tile;
    const bool is_last = tile + 1 == n_row_tile;
    const size_t i = tile * kTileRows, m = is_last ? state.last_rows : state.full_rows;
    const size_t j = panel * panels->panel_rows(), n = panels->used_rows(panel);
    const ConstMatrixView rows = x.slice_rows(i, m);
    const void* const x_tile = state.n_half == 2 ? split(rows, state.halves) : contiguous(rows, state.x_tile);
    (is_last ? state.last : state.full).run(x_tile, panels->panel(panel), state.y_tile.data());
    store(state.y_tile, state.n_half, bias.empty() ? bias : bias.subspan(j, n),
          y.slice_rows(i, m).columns(j, n));
  });
}

}  // namespace limpid::cpu
