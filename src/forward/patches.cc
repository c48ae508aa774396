#include "forward/patches.h"

#include <algorithm>

namespace limpid {

namespace {

void apply_patch(const RowPatch& patch, std::span<float> row) {
  for (size_t i = 0; i < row.size(); ++i) {
    // A factor of 0 replaces also what is not finite.
    const float kept = patch.factor == 0 ? 0 : patch.factor * row[i];
    row[i] = patch.added.empty() ? kept : kept + patch.added[i];
  }
}

/// Whether the patch is of one of the rows; `row` is then its index.
bool find_row(const RowPatch& patch, size_t first, size_t n_row, size_t& row) {
  if (patch.position < 0 || static_cast<size_t>(patch.position) < first) return false;
  row = static_cast<size_t>(patch.position) - first;
  return row < n_row;
}

}  // namespace

int Patches::first_position(int n_tok) const {
  int first = n_tok;
  const auto note = [&first](int position) { first = std::min(first, position); };
  const auto note_rows = [&](const std::vector<RowPatch>& patches) {
    for (const RowPatch& patch : patches) note(patch.position);
  };
  note_rows(embed);
  for (const auto& [l, layer] : layers) {
    for (const BlockedKey& pair : layer.blocked) note(pair.query);
    for (const HeadPatch& patch : layer.heads) note(patch.row.position);
    for (const NeuronPatch& patch : layer.neurons) note(patch.position);
    note_rows(layer.mid);
    note_rows(layer.ffn);
    note_rows(layer.post);
  }
  return first;
}

void apply_patches(std::span<const RowPatch> patches, size_t first, MatrixView rows) {
  size_t row = 0;
  for (const RowPatch& patch : patches) {
    if (find_row(patch, first, rows.rows, row)) apply_patch(patch, rows.row(row));
  }
}

void apply_patches(std::span<const HeadPatch> patches, size_t first, size_t d_head, MatrixView z) {
  size_t row = 0;
  for (const HeadPatch& patch : patches) {
    if (!find_row(patch.row, first, z.rows, row)) continue;
    apply_patch(patch.row, z.row(row).subspan(static_cast<size_t>(patch.head) * d_head, d_head));
  }
}

}  // namespace limpid
