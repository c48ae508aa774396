#include "figures/sweep_grid.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace limpid {

namespace {

bool has(const SweepResult& result, SweepOver over, bool with_position) {
  return std::ranges::any_of(result.cells, [&](const SweepCell& cell) {
    return cell.over == over && cell.position.has_value() == with_position;
  });
}

/// Layers as rows; a column for each head, and one for the FFN.
SweepGrid layer_grid(const SweepResult& result) {
  const bool heads = has(result, SweepOver::kHeads, false), ffns = has(result, SweepOver::kFfns, false);
  SweepGrid grid{.title = heads && ffns ? "heads and FFNs" : heads ? "heads" : "FFNs"};
  for (int h = 0; heads && h < result.n_head; ++h) grid.columns.push_back(fmt::format("{}", h));
  if (ffns) grid.columns.emplace_back("FFN");
  for (int l = result.n_layer - 1; l >= 0; --l) {
    grid.rows.push_back({fmt::format("{}", l), std::vector<std::optional<double>>(grid.columns.size())});
  }
  for (const SweepCell& cell : result.cells) {
    if (cell.position || (cell.over != SweepOver::kHeads && cell.over != SweepOver::kFfns)) continue;
    auto& row = grid.rows[static_cast<size_t>(result.n_layer - 1 - cell.layer)].effects;
    row[cell.head ? static_cast<size_t>(*cell.head) : row.size() - 1] = cell.effect;
  }
  return grid;
}

const char* title(SweepOver over) {
  switch (over) {
    case SweepOver::kHeads:
      return "heads, at one token";
    case SweepOver::kFfns:
      return "FFNs, at one token";
    case SweepOver::kEmbed:
      return "embeddings";
    case SweepOver::kMid:
      return "states after attention";
    case SweepOver::kPost:
      return "states after the layer";
  }
  return "";
}

/// Tokens as columns; a row for each layer, or head.
SweepGrid token_grid(const SweepResult& result, SweepOver over) {
  SweepGrid grid{.title = title(over), .columns_are_tokens = true};
  const auto n_column = static_cast<size_t>(result.position) + 1;
  for (size_t t = 0; t < n_column; ++t) grid.columns.push_back(result.tokens[t].text);
  const int n_row = over == SweepOver::kEmbed   ? 1
                    : over == SweepOver::kHeads ? result.n_layer * result.n_head
                                                : result.n_layer;
  for (int r = n_row - 1; r >= 0; --r) {
    grid.rows.push_back({over == SweepOver::kHeads
                             ? fmt::format("{}.{}", r / result.n_head, r % result.n_head)
                             : fmt::format("{}", r),
                         std::vector<std::optional<double>>(n_column)});
  }
  for (const SweepCell& cell : result.cells) {
    if (cell.over != over || !cell.position) continue;
    const int row = cell.head ? cell.layer * result.n_head + *cell.head : cell.layer;
    grid.rows[static_cast<size_t>(n_row - 1 - row)].effects[static_cast<size_t>(*cell.position)] =
        cell.effect;
  }
  return grid;
}

}  // namespace

std::vector<SweepGrid> sweep_grids(const SweepResult& result) {
  std::vector<SweepGrid> grids;
  if (has(result, SweepOver::kHeads, false) || has(result, SweepOver::kFfns, false)) {
    grids.push_back(layer_grid(result));
  }
  for (const SweepOver over : kSweepOver) {
    if (has(result, over, true)) grids.push_back(token_grid(result, over));
  }
  return grids;
}

double largest_effect(const SweepResult& result) {
  double largest = 0;
  for (const SweepCell& cell : result.cells) largest = std::max(largest, std::abs(cell.effect));
  return largest;
}

}  // namespace limpid
