// The most probable next tokens as bars.
#pragma once

#include <span>

#include "figures/svg.h"
#include "limpid/compare.h"
#include "limpid/token.h"

namespace limpid {

/// The first of `predictions`, at most five, between `left` and `right`. Their number is that of its lines,
/// less one.
void draw_prediction_bars(Svg& svg, std::span<const NamedPrediction> predictions, double left, double right,
                          double top, const Theme& theme, double size);
/// The probabilities in B as bars, with a tick where A has them, and the change in points.
void draw_prediction_bars(Svg& svg, std::span<const ComparedPrediction> predictions, double left,
                          double right, double top, const Theme& theme, double size);
double prediction_bars_height(size_t n_prediction, double size);

}  // namespace limpid
