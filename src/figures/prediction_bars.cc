#include "figures/prediction_bars.h"

#include <algorithm>

#include "figures/heading.h"

namespace limpid {

namespace {

constexpr size_t kMost = 5;

}  // namespace

double prediction_bars_height(size_t n_prediction, double size) {
  return kLine * size * static_cast<double>(1 + std::min(n_prediction, kMost));
}

void draw_prediction_bars(Svg& svg, std::span<const NamedPrediction> predictions, double left, double right,
                          double top, const Theme& theme, double size) {
  const double label_width = 7.6 * size, percent_width = 3.1 * size, height = 0.62 * size;
  const double bar_left = left + label_width, bar_width = right - percent_width - bar_left;
  double y = top + 0.6 * size;
  svg.text(left, y, "Next token", {.fill = theme.text, .size = size, .bold = true});
  svg.text(right, y, "probability", {.fill = theme.text_muted, .size = size, .anchor = Anchor::kEnd});
  for (const NamedPrediction& p : predictions.first(std::min(predictions.size(), kMost))) {
    y += kLine * size;
    svg.text(left, y, fit_text(token_label(p.piece), Font::kToken, size, label_width - 0.5 * size),
             {.fill = theme.text, .size = size, .font = Font::kToken});
    svg.rect(bar_left, y - height / 2, bar_width, height, {.fill = theme.sunken});
    svg.rect(bar_left, y - height / 2, bar_width * p.prediction.probability, height,
             {.fill = theme.probability});
    svg.text(right, y, percent_text(p.prediction.probability),
             {.fill = theme.text, .size = size, .anchor = Anchor::kEnd});
  }
}

}  // namespace limpid
