#include "cli/sweep_drawing.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "figures/sweep_grid.h"

#include "base/token_text.h"
#include "cli/cause_options.h"

namespace limpid {

namespace {

constexpr int kLabel = 6, kCell = 4;
/// Rows in which no effect reaches this share of the largest one are left out of long grids.
constexpr double kLeast = 0.1;
constexpr size_t kLongGrid = 100;

std::string cell_text(const std::optional<double>& effect, double largest, const Terminal& terminal) {
  if (!effect) return fit("", kCell);
  const long percent = largest > 0 ? std::lround(100 * *effect / largest) : 0;
  if (percent == 0) return terminal.paint(Ink::kMuted, fit_right(".", kCell));
  return terminal.paint(percent > 0 ? Ink::kAttention : Ink::kFfn, fmt::format("{:>{}}", percent, kCell));
}

bool is_small(const SweepGrid::Row& row, double largest) {
  return std::ranges::all_of(
      row.effects, [&](const auto& effect) { return std::abs(effect.value_or(0)) < kLeast * largest; });
}

std::string grid_part(const SweepGrid& grid, size_t begin, size_t end, double largest,
                      const Terminal& terminal) {
  std::string head = fit("", kLabel);
  for (size_t c = begin; c < end; ++c) {
    head += " " + fit_right(mark_blanks(grid.columns[c]), kCell - 1);
  }
  std::string out = terminal.paint(Ink::kMuted, head) + "\n";
  size_t n_left_out = 0;
  for (const SweepGrid::Row& row : grid.rows) {
    if (grid.rows.size() > kLongGrid && is_small(row, largest)) {
      ++n_left_out;
      continue;
    }
    out += terminal.paint(Ink::kMuted, fit_right(row.label, kLabel));
    for (size_t c = begin; c < end; ++c) out += cell_text(row.effects[c], largest, terminal);
    out += "\n";
  }
  if (n_left_out == 0) return out;
  return out + terminal.paint(Ink::kMuted,
                              fmt::format("{} rows below {:.0f}% are left out\n", n_left_out, 100 * kLeast));
}

std::string draw_grid(const SweepGrid& grid, double largest, const Terminal& terminal) {
  const auto most = static_cast<size_t>(std::max((terminal.width() - kLabel) / kCell, 1));
  std::string out =
      terminal.paint(Ink::kBold, grid.title) + terminal.paint(Ink::kMuted, ", effects in % of the largest\n");
  for (size_t begin = 0; begin < grid.columns.size(); begin += most) {
    out += grid_part(grid, begin, std::min(begin + most, grid.columns.size()), largest, terminal);
  }
  return out;
}

}  // namespace

std::string draw_sweep(const SweepResult& result, size_t count, const Terminal& terminal) {
  std::vector<const SweepCell*> cells;
  cells.reserve(result.cells.size());
  for (const SweepCell& cell : result.cells) cells.push_back(&cell);
  std::ranges::stable_sort(cells, std::ranges::greater(),
                           [](const SweepCell* cell) { return std::abs(cell->effect); });
  cells.resize(std::min(cells.size(), count));
  std::string out = fmt::format(
      "{}  {}\n{}  {:.4f}{}\n{}\n\n", terminal.paint(Ink::kBold, result.model),
      terminal.paint(Ink::kMuted, fmt::format("{} runs", result.cells.size())), metric_text(result.metric),
      result.clean, result.against ? fmt::format("; of the other prompt {:.4f}", *result.against) : "",
      terminal.paint(Ink::kMuted, fmt::format("each replaced by {}{}", result.value,
                                              result.denoise ? ", in the other run" : "")));
  out += terminal.paint(Ink::kMuted, "component        effect") + "\n";
  for (const SweepCell* cell : cells) {
    out += fmt::format("{} {}\n", fit(cell->subject, 14), paint_signed(terminal, cell->effect, 8, 3));
  }
  const double largest = largest_effect(result);
  for (const SweepGrid& grid : sweep_grids(result)) out += "\n" + draw_grid(grid, largest, terminal);
  return out;
}

}  // namespace limpid
