#include "cli/lens_drawing.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/token_text.h"
#include "cli/route_drawing.h"

namespace limpid {

namespace {

constexpr int kLayerColumn = 6;
constexpr int kNarrowest = 5;  // of a cell
constexpr int kWidest = 12;

/// Bold from even odds on, muted below one in ten.
std::string by_probability(const Terminal& terminal, double p, std::string_view text) {
  return terminal.paint(p >= 0.5 ? Ink::kBold : p >= 0.1 ? Ink::kProbability : Ink::kMuted, text);
}

std::string heading(const LensResult& lens, const Terminal& terminal) {
  std::string what =
      fmt::format("logit lens of the {} states, {} tokens", name(lens.state), lens.tokens.size());
  if (!lens.chosen.empty()) {
    what += ", rank of";
    for (const Piece& piece : lens.chosen) what += fmt::format(" '{}'", mark_blanks(piece.text));
  }
  return fmt::format("{}  {}\n\n", terminal.paint(Ink::kBold, lens.model), terminal.paint(Ink::kMuted, what));
}

/// The top token, or the rank of the chosen one.
std::string draw_cell(const LensResult& lens, const LensCell& cell, int width, const Terminal& terminal) {
  if (lens.chosen.empty()) {
    const NamedPrediction& top = cell.top.front();
    return by_probability(terminal, top.prediction.probability, fit(mark_blanks(top.piece.text), width - 1)) +
           " ";
  }
  const TokenReading& chosen = cell.chosen.front();
  return by_probability(terminal, chosen.probability, fit(fmt::format("{}", chosen.rank + 1), width - 1)) +
         " ";
}

std::string draw_grid(const LensResult& lens, const Terminal& terminal) {
  const int room = terminal.width() - kLayerColumn, n = static_cast<int>(lens.positions.size());
  const int shown = std::clamp(room / kNarrowest, 1, n), width = std::clamp(room / shown, 1, kWidest);
  const auto first = static_cast<size_t>(n - shown);
  std::string out;
  if (first > 0) {
    out +=
        terminal.paint(Ink::kMuted, fmt::format("the last {} of {} positions; --token names others, a wider "
                                                "terminal holds more",
                                                shown, n)) +
        "\n";
  }
  for (size_t l = lens.rows.size(); l-- > 0;) {
    out += fit_right(fmt::format("{}", l), kLayerColumn - 2) + "  ";
    for (size_t i = first; i < lens.rows[l].size(); ++i)
      out += draw_cell(lens, lens.rows[l][i], width, terminal);
    out += "\n";
  }
  out += fit("", kLayerColumn);
  for (size_t i = first; i < lens.positions.size(); ++i) {
    out += terminal.paint(Ink::kBold,
                          fit(short_label(lens.tokens[static_cast<size_t>(lens.positions[i])]), width - 1)) +
           " ";
  }
  return out + "\n";
}

std::string draw_column(const LensResult& lens, const Terminal& terminal) {
  const int position = lens.positions.front();
  std::string out =
      fmt::format("after '{}' @{}\n\n", short_label(lens.tokens[static_cast<size_t>(position)]), position);
  out += terminal.paint(Ink::kMuted, " layer  entropy  ");
  for (const Piece& piece : lens.chosen)
    out += terminal.paint(Ink::kMuted, fit_right(mark_blanks(piece.text), 10) + "  ");
  out += terminal.paint(Ink::kMuted, "top tokens") + "\n";
  for (size_t l = lens.rows.size(); l-- > 0;) {
    const LensCell& cell = lens.rows[l].front();
    std::string line = fmt::format("{:>6} {:>8.3f}  ", l, cell.entropy);
    for (const TokenReading& t : cell.chosen) line += fmt::format("{:>10}  ", t.rank + 1);
    int used = display_width(line);
    out += line;
    for (const NamedPrediction& p : cell.top) {
      const std::string text =
          fmt::format("{} {:.3f}  ", mark_blanks(p.piece.text), p.prediction.probability);
      used += display_width(text);
      if (used > terminal.width()) break;
      out += by_probability(terminal, p.prediction.probability, text);
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += "\n";
  }
  return out;
}

}  // namespace

std::string draw_lens(const LensResult& lens, const Terminal& terminal) {
  const bool one = lens.positions.size() == 1;
  return heading(lens, terminal) + (one ? draw_column(lens, terminal) : draw_grid(lens, terminal));
}

}  // namespace limpid
