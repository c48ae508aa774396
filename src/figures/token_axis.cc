#include "figures/token_axis.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>

namespace limpid {

namespace {

constexpr double kLongestLabel = 8.6, kComfortableColumn = 5.5, kNarrowestLabel = 1.08;  // in sizes of text

/// Positions, and how many a fold stands for; those that would touch the one before are left out.
void draw_indices(Svg& svg, double y, std::span<const TokenColumn> columns, const Theme& theme, double size) {
  const bool folds = std::ranges::any_of(columns, [](const TokenColumn& c) { return c.count > 1; });
  const double needed =
      columns.empty() ? 0 : text_width(fmt::format("{}", columns.back().position), Font::kText, size);
  const size_t step = folds || columns.empty() ? 1 : label_step(columns.front().width, needed + 0.25 * size);
  double free_from = 0;
  for (const TokenColumn& c : columns) {
    const std::string text = c.count > 1 ? fmt::format("+{}", c.count) : fmt::format("{}", c.position);
    const double half = text_width(text, Font::kText, size) / 2;
    if (c.x - half < free_from || static_cast<size_t>(c.position) % step != 0) continue;
    svg.text(c.x, y, text, {.fill = theme.text_muted, .size = size, .anchor = Anchor::kMiddle});
    free_from = c.x + half + 0.25 * size;
  }
}

}  // namespace

size_t label_step(double cell, double needed) {
  size_t step = 1;
  for (size_t scale = 1; static_cast<double>(step) * cell < needed; scale *= 10) {
    for (const size_t factor : {2, 5, 10}) {
      if (static_cast<double>(step) * cell < needed) step = factor * scale;
    }
  }
  return step;
}

TokenAxis place_token_axis(std::vector<TokenColumn>& columns, std::span<const Piece> tokens, double top,
                           double size) {
  const double gap = 0.3 * size;
  bool fits = true;
  double narrowest = std::numeric_limits<double>::max(), longest = 0;
  for (TokenColumn& c : columns) {
    if (c.count > 1) continue;
    c.label = token_label(tokens[static_cast<size_t>(c.position)]);
    const double width = text_width(c.label, Font::kToken, size);
    fits = fits && width <= c.width - gap;
    narrowest = std::min(narrowest, c.width);
    longest = std::max(longest, width);
  }
  longest = narrowest < kNarrowestLabel * size ? 0 : std::min(longest, kLongestLabel * size);
  TokenAxis axis = {.upward = !fits && narrowest < kComfortableColumn * size};
  for (TokenColumn& c : columns)
    c.label = fit_text(c.label, Font::kToken, size, axis.upward ? longest : c.width - gap);
  axis.label_y = axis.upward ? top : top + 0.6 * size;
  axis.index_y = top + (axis.upward ? longest + 0.8 * size : 1.8 * size);
  axis.bottom = axis.index_y + 0.6 * size;
  return axis;
}

void draw_token_axis(Svg& svg, const TokenAxis& axis, std::span<const TokenColumn> columns,
                     const Theme& theme, double size) {
  for (const TokenColumn& c : columns) {
    if (c.label.empty()) continue;
    svg.text(c.x, axis.label_y, c.label,
             {.fill = c.on_route ? theme.text : theme.text_muted,
              .size = size,
              .font = Font::kToken,
              .anchor = axis.upward ? Anchor::kEnd : Anchor::kMiddle,
              .upward = axis.upward});
  }
  draw_indices(svg, axis.index_y, columns, theme, size);
}

}  // namespace limpid
