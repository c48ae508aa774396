#include "cli/attention_drawing.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <vector>

#include "cli/route_drawing.h"

namespace limpid {

namespace {

constexpr int kLabel = 14, kGap = 3, kMinRoom = 8;
constexpr size_t kMostRows = 40;

/// Which keys have a column, and how wide it is.
struct MapColumns {
  size_t n_tok = 0;
  size_t shown = 0;  // of the last tokens
  int cell = 1;      // characters
  /// The first token and those between stand in two columns of their own.
  bool folded() const { return shown < n_tok; }
  size_t begin() const { return n_tok - shown; }
  int width() const { return cell * static_cast<int>(shown + (folded() ? 2 : 0)); }
};

MapColumns fit_columns(size_t n_tok, int terminal_width) {
  const auto room = static_cast<size_t>(std::max((terminal_width - kLabel - kGap) / 2, kMinRoom));
  for (const int cell : {2, 1}) {
    if (n_tok * static_cast<size_t>(cell) <= room) return {n_tok, n_tok, cell};
  }
  return {n_tok, room - 2, 1};
}

/// What the columns of one query's row show, up to the query.
std::vector<double> cells_of(std::span<const float> row, size_t query, const MapColumns& columns) {
  std::vector<double> cells;
  if (columns.folded()) {
    const auto between = row.subspan(1, columns.begin() - 1);
    cells = {static_cast<double>(row[0]), std::accumulate(between.begin(), between.end(), 0.0)};
  }
  for (size_t k = columns.begin(); k <= query; ++k) cells.push_back(static_cast<double>(row[k]));
  return cells;
}

/// Some rows of a map, the last ones, ready to be drawn.
struct DrawnMap {
  DrawnMap(std::span<const float> map, const MapColumns& of, size_t first_row, Ramp of_ramp)
      : columns(of), ramp(of_ramp) {
    for (size_t q = first_row; q < columns.n_tok; ++q) {
      rows.push_back(cells_of(map.subspan(q * columns.n_tok, columns.n_tok), q, columns));
      scale = std::max(scale, std::ranges::max(rows.back()));
    }
  }

  std::string draw_row(size_t row, const Terminal& terminal) const {
    std::string out;
    for (const double value : rows[row]) {
      out += terminal.shade(ramp, scale > 0 ? value / scale : 0, columns.cell);
    }
    const int drawn = static_cast<int>(rows[row].size()) * columns.cell;
    return out + std::string(static_cast<size_t>(columns.width() - drawn), ' ');
  }
  std::string legend(const Terminal& terminal) const {
    return fmt::format("{} {:.3f}", terminal.shade(ramp, 1, 1), scale);
  }

  MapColumns columns;
  Ramp ramp;
  double scale = 0;  // the largest value drawn
  std::vector<std::vector<double>> rows;
};

/// Two lines that number the keys: tens above units.
std::string draw_ruler(const MapColumns& columns, bool tens) {
  std::string out;
  const auto cell = [&](std::string_view text) { out += fmt::format("{:>{}}", text, columns.cell); };
  if (columns.folded()) {
    cell(tens ? " " : "0");
    cell(tens ? " " : "+");
  }
  for (size_t k = columns.begin(); k < columns.n_tok; ++k) {
    cell(!tens ? fmt::format("{}", k % 10) : k % 10 == 0 && k > 0 ? fmt::format("{}", k / 10 % 10) : " ");
  }
  return out;
}

std::string at(std::span<const Piece> tokens, size_t position) {
  return fmt::format("{} @{}", short_label(tokens[position]), position);
}

/// Heads by contribution, ties by layer and head.
std::vector<const HeadMap*> by_contribution(const AttentionResult& result) {
  std::vector<const HeadMap*> heads;
  heads.reserve(result.heads.size());
  for (const HeadMap& map : result.heads) heads.push_back(&map);
  std::ranges::stable_sort(heads, std::ranges::greater{},
                           [](const HeadMap* map) { return map->summary.contribution; });
  return heads;
}

std::string id_of(const HeadMap& map) {
  return fmt::format("{}.{}", map.id.layer, map.id.head);
}

}  // namespace

std::string draw_maps(const HeadMap& map, std::span<const Piece> tokens, const Terminal& terminal) {
  const size_t n_tok = tokens.size();
  const MapColumns columns = fit_columns(n_tok, terminal.width());
  const size_t first_row = n_tok - std::min({n_tok, columns.shown, kMostRows});
  const DrawnMap attention(map.attention, columns, first_row, Ramp::kAttention);
  const DrawnMap contribution(map.contribution, columns, first_row, Ramp::kContribution);
  // A narrow map leaves room for the words above it.
  const int panel = std::max(columns.width(), 12);
  const std::string gap(static_cast<size_t>(panel - columns.width() + kGap), ' '), margin(kLabel, ' ');
  std::string out = margin + terminal.paint(Ink::kBold, fit("attention", panel + kGap)) +
                    terminal.paint(Ink::kBold, "contribution") + "\n";
  for (const bool tens : {true, false}) {
    if (tens && n_tok <= 10) continue;
    const std::string ruler = draw_ruler(columns, tens);
    out +=
        fmt::format("{}{}\n", margin, terminal.paint(Ink::kMuted, fmt::format("{}{}{}", ruler, gap, ruler)));
  }
  for (size_t q = first_row; q < n_tok; ++q) {
    out += fmt::format("{:>4} {} {}{}{}\n", q, fit(short_label(tokens[q]), kLabel - 6),
                       attention.draw_row(q - first_row, terminal), gap,
                       contribution.draw_row(q - first_row, terminal));
  }
  out += terminal.paint(Ink::kMuted, "rows: queries, columns: keys. ") + "attention " +
         attention.legend(terminal) + ", contribution " + contribution.legend(terminal) + "\n";
  if (!columns.folded()) return out;
  std::string left_out = fmt::format("+ adds up keys 1 to {}", columns.begin() - 1);
  if (first_row > 0) left_out += fmt::format("; queries 0 to {} are not drawn", first_row - 1);
  return out + terminal.paint(Ink::kMuted, left_out) + "\n";
}

std::string strongest_pairs(const HeadMap& map, std::span<const Piece> tokens, size_t count,
                            const Terminal& terminal) {
  const size_t n_tok = tokens.size();
  std::vector<size_t> pairs;  // query * n_tok + key
  for (size_t i = 0; i < map.contribution.size(); ++i) {
    if (map.contribution[i] > 0) pairs.push_back(i);
  }
  const auto larger = [&](size_t a, size_t b) {
    return map.contribution[a] != map.contribution[b] ? map.contribution[a] > map.contribution[b] : a < b;
  };
  const size_t n = std::min(count, pairs.size());
  std::ranges::partial_sort(pairs, pairs.begin() + static_cast<std::ptrdiff_t>(n), larger);
  pairs.resize(n);
  if (pairs.empty()) return "";
  std::string out = terminal.paint(Ink::kBold, fit("Strongest pairs", 30)) +
                    terminal.paint(Ink::kMuted, "contribution  attention") + "\n";
  for (const size_t i : pairs) {
    const std::string pair = fmt::format("{} → {}", at(tokens, i % n_tok), at(tokens, i / n_tok));
    out += fmt::format("  {}{:>12.3f}  {:>9.3f}\n", fit(pair, 28), map.contribution[i], map.attention[i]);
  }
  return out;
}

std::string heads_table(const AttentionResult& result, size_t count, const Terminal& terminal) {
  const size_t n_tok = result.n_tok();
  const std::vector<const HeadMap*> heads = by_contribution(result);
  std::string out = terminal.paint(Ink::kBold, fit("Heads", 12));
  out += terminal.paint(Ink::kMuted, "contribution       attention on\n");
  out +=
      terminal.paint(Ink::kMuted, "             all    first      first   itself  entropy  strongest pair\n");
  const size_t n = std::min(count, heads.size());
  for (size_t i = 0; i < n; ++i) {
    const HeadMap& map = *heads[i];
    const HeadSummary& s = map.summary;
    const auto strongest =
        static_cast<size_t>(std::ranges::max_element(map.contribution) - map.contribution.begin());
    const std::string pair =
        fmt::format("{} → {}", at(result.tokens, strongest % n_tok), at(result.tokens, strongest / n_tok));
    out += fmt::format("  {:<6}{:>8.4f}{:>9.4f}{:>11.3f}{:>9.3f}{:>9.2f}  {}\n", id_of(map), s.contribution,
                       s.first_contribution, s.first, s.self, s.entropy,
                       terminal.paint(Ink::kAttention, fit(pair, std::clamp(terminal.width() - 56, 0, 28))));
  }
  if (heads.size() > n) {
    out += terminal.paint(Ink::kMuted, fmt::format("{} of {} heads (--top N: more)\n", n, heads.size()));
  }
  return out;
}

std::string small_maps(const AttentionResult& result, const Terminal& terminal) {
  const size_t n_tok = result.n_tok();
  const size_t column = std::max(n_tok, size_t{6}) + 2;
  const std::vector<const HeadMap*> heads = by_contribution(result);
  const size_t n =
      std::min(heads.size(), static_cast<size_t>(std::max(terminal.width() - kLabel, 0)) / column);
  if (n < 2) return "";
  std::string out;
  for (const Ramp ramp : {Ramp::kAttention, Ramp::kContribution}) {
    const bool attention = ramp == Ramp::kAttention;
    out += terminal.paint(Ink::kBold, fit(attention ? "attention" : "contribution", kLabel));
    std::vector<DrawnMap> maps;
    for (const HeadMap* head : std::span(heads).first(n)) {
      out += fit(id_of(*head), static_cast<int>(column));
      maps.emplace_back(attention ? head->attention : head->contribution, MapColumns{n_tok, n_tok, 1}, 0,
                        ramp);
    }
    out += "\n";
    for (size_t q = 0; q < n_tok; ++q) {
      out += fmt::format("{:>4} {}", q, fit(short_label(result.tokens[q]), kLabel - 5));
      for (const DrawnMap& map : maps) out += map.draw_row(q, terminal) + std::string(column - n_tok, ' ');
      out += "\n";
    }
  }
  return out;
}

}  // namespace limpid
