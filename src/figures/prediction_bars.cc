#include "figures/prediction_bars.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "figures/heading.h"

namespace limpid {

namespace {

constexpr size_t kMost = 5;

/// Where the parts of the bars lie; `y` moves down line by line.
struct Lines {
  /// `numbers`: the room behind the bars, in sizes of text.
  Lines(double from, double to, double top, double numbers, double text)
      : left(from),
        right(to),
        bar_left(from + 7.6 * text),
        y(top + 0.6 * text),
        size(text),
        bar_width(to - numbers * text - bar_left) {}

  void title(Svg& svg, std::string_view what, const Theme& theme) const {
    svg.text(left, y, "Next token", {.fill = theme.text, .size = size, .bold = true});
    svg.text(right, y, what, {.fill = theme.text_muted, .size = size, .anchor = Anchor::kEnd});
  }
  void next(Svg& svg, const Piece& piece, double probability, const Theme& theme) {
    y += kLine * size;
    svg.text(left, y, fit_text(token_label(piece), Font::kToken, size, bar_left - left - 0.5 * size),
             {.fill = theme.text, .size = size, .font = Font::kToken});
    svg.rect(bar_left, y - height() / 2, bar_width, height(), {.fill = theme.sunken});
    svg.rect(bar_left, y - height() / 2, bar_width * probability, height(), {.fill = theme.probability});
  }
  double height() const { return 0.62 * size; }

  double left, right, bar_left, y, size, bar_width;
};

/// "+0.3", "−47", "0".
std::string points_text(double points) {
  const std::string number = fmt::format("{:.{}f}", std::abs(points), std::abs(points) < 9.95 ? 1 : 0);
  if (number == "0.0") return "0";
  return (points > 0 ? "+" : "−") + number;
}

}  // namespace

double prediction_bars_height(size_t n_prediction, double size) {
  return kLine * size * static_cast<double>(1 + std::min(n_prediction, kMost));
}

void draw_prediction_bars(Svg& svg, std::span<const NamedPrediction> predictions, double left, double right,
                          double top, const Theme& theme, double size) {
  Lines lines(left, right, top, 3.1, size);
  lines.title(svg, "probability", theme);
  for (const NamedPrediction& p : predictions.first(std::min(predictions.size(), kMost))) {
    lines.next(svg, p.piece, p.prediction.probability, theme);
    svg.text(right, lines.y, percent_text(p.prediction.probability),
             {.fill = theme.text, .size = size, .anchor = Anchor::kEnd});
  }
}

void draw_prediction_bars(Svg& svg, std::span<const ComparedPrediction> predictions, double left,
                          double right, double top, const Theme& theme, double size) {
  constexpr double kPercent = 3.1, kPoints = 3.1;
  Lines lines(left, right, top, kPercent + kPoints, size);
  lines.title(svg, "in B, and change in points", theme);
  for (const ComparedPrediction& p : predictions.first(std::min(predictions.size(), kMost))) {
    lines.next(svg, p.piece, p.b.probability, theme);
    const double tick = lines.bar_left + lines.bar_width * p.a.probability;
    svg.path(
        Path().move(tick, lines.y - 0.8 * lines.height()).line(tick, lines.y + 0.8 * lines.height()).str(),
        {.stroke = theme.text, .stroke_width = 0.14 * size});
    svg.text(right - kPoints * size, lines.y, percent_text(p.b.probability),
             {.fill = theme.text, .size = size, .anchor = Anchor::kEnd});
    const double points = 100 * (p.b.probability - p.a.probability);
    const std::string text = points_text(points);
    svg.text(right, lines.y, text,
             {.fill = text == "0"  ? theme.text_muted
                      : points > 0 ? theme.stronger
                                   : theme.weaker,
              .size = size,
              .anchor = Anchor::kEnd});
  }
}

}  // namespace limpid
