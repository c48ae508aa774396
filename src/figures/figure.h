// Results as SVG figures for papers, slides and pages. The same input gives the same bytes; any token text
// gives well-formed XML. Text is never wider than its place, whichever font stands in for the named ones.
#pragma once

#include <span>
#include <string>

#include "figures/theme.h"
#include "limpid/attention.h"
#include "limpid/compare.h"
#include "limpid/intervention.h"
#include "limpid/lens.h"
#include "limpid/route.h"
#include "limpid/token.h"

namespace limpid {

constexpr double kMinFigureWidth = 240, kMaxFigureWidth = 4000;

struct FigureOptions {
  Theme theme = light_theme();
  /// In px, from kMinFigureWidth to kMaxFigureWidth; the height follows. Text grows with the width, but
  /// slower: at 340 px, a paper's column of 90 mm, it is 6 pt.
  double width = 680;
};

/// The run that a route is of.
struct RouteRun {
  std::string model;
  std::span<const Piece> tokens;
  std::span<const NamedPrediction> predictions;  // most probable first
};

/// Tokens as columns, layers as rows, the prediction on top. Edges that carry less than `min_flow` of the
/// prediction's flow are left out and counted.
std::string route_figure(const Route& route, const RouteRun& run, double min_flow,
                         const FigureOptions& options);

/// Both routes of a comparison in one, coloured by what changed; tokens that differ stand below those of A.
/// Edges that carry less than `min_flow` in both are left out and counted.
std::string compare_figure(const Comparison& comparison, double min_flow, const FigureOptions& options);

/// Layers as rows, tokens as columns: the token that each state predicts, shaded by its probability. Cells
/// too narrow for text are shades only; of very long prompts the end is shown.
std::string lens_figure(const LensResult& result, const FigureOptions& options);

/// Of one head its attention and its contributions side by side, with the tokens; of several heads a tile
/// each. Prompts with more tokens than there is room for are pooled: a cell is the largest value of a block.
std::string attention_figure(const AttentionResult& result, const FigureOptions& options);

/// Layers (or heads) as rows, heads or tokens as columns: how much the metric changes when each is replaced.
std::string sweep_figure(const SweepResult& result, const FigureOptions& options);

}  // namespace limpid
