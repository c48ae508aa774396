#include "kernels/cpu/packed_matrix.h"

#include <algorithm>
#include <new>

#include "base/mapped_file.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace limpid::cpu {

namespace {

constexpr size_t kLine = 64;  // bytes; panels start on a cache line

size_t round_up(size_t n, size_t unit) {
  return (n + unit - 1) / unit * unit;
}

// Output rows of a panel, from the shape alone: about a dozen panels keep several threads busy on a single
// tile of x; beyond 256 rows there is nothing left to gain, below 64 the vector kernels are half empty.
size_t choose_panel_rows(size_t n_out) {
  return std::clamp<size_t>(n_out / 12 / 64 * 64, 64, 256);
}

// Not zeroed: the threads that fill the panels are the first to touch them, and map them in one call each.
std::byte* allocate(size_t n_byte) {
  return static_cast<std::byte*>(::operator new(n_byte, std::align_val_t{kLine}));
}

}  // namespace

void PanelMatrix::Free::operator()(std::byte* p) const {
  ::operator delete(p, std::align_val_t{kLine});
}

PanelMatrix::PanelMatrix(size_t n_out, size_t n_in, Precision precision)
    : n_out_(n_out), n_in_(n_in), panel_rows_(choose_panel_rows(n_out)), precision_(precision) {
  const dnnl::memory::desc layout = panel_layout(precision, panel_rows_, n_in);
  panel_bytes_ = round_up(layout.get_size(), kLine);
  const size_t n = (n_out + panel_rows_ - 1) / panel_rows_;
  storage_.reset(allocate(n * panel_bytes_));
  for (size_t i = 0; i < n; ++i) {
    panels_.emplace_back(layout, onednn_engine(), storage_.get() + i * panel_bytes_);
  }
}

size_t PanelMatrix::used_rows(size_t panel) const {
  return std::min(panel_rows_, n_out_ - panel * panel_rows_);
}

size_t bytes_per_weight(Precision precision) {
  return precision == Precision::kBFloat16 && multiplies_bfloat16() ? sizeof(uint16_t) : sizeof(float);
}

std::unique_ptr<PackedMatrix> pack(size_t n_out, size_t n_in, Precision precision,
                                   const Backend::RowReader& read_row) {
  struct State {
    Matrix rows;
    ReorderRunner runner;
  };
  auto packed =
      std::make_unique<PanelMatrix>(n_out, n_in, multiplies_bfloat16() ? precision : Precision::kFloat32);
  const size_t n_row = packed->panel_rows();
  const auto make_state = [&] {
    return State{Matrix(n_row, n_in), ReorderRunner(panel_reorder(packed->precision(), n_row, n_in))};
  };
  parallel_for(packed->n_panel(), n_out * n_in, make_state, [&](size_t i, State& state) {
    populate_pages(packed->panel_memory(i));
    const size_t n_used = packed->used_rows(i);
    for (size_t r = 0; r < n_used; ++r) read_row(i * n_row + r, state.rows.row(r));
    for (size_t r = n_used; r < n_row; ++r) std::ranges::fill(state.rows.row(r), 0.0f);
    state.runner.run(state.rows.data(), packed->panel(i));
  });
  return packed;
}

}  // namespace limpid::cpu
