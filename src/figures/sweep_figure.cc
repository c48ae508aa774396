#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "figures/figure.h"
#include "figures/heading.h"
#include "figures/heat_map.h"
#include "figures/sweep_grid.h"
#include "figures/token_axis.h"

namespace limpid {

namespace {

// In sizes of text.
constexpr double kGutter = 4.6, kWidestCell = 6, kRow = 1.3, kLowestRow = 0.35, kTallestGrid = 60;

class SweepFigure {
 public:
  SweepFigure(const SweepResult& result, const FigureOptions& options)
      : result_(result),
        theme_(options.theme),
        width_(options.width),
        s_(text_size(options.width)),
        largest_(largest_effect(result)) {}

  std::string draw() {
    const std::string metric = metric_text();
    const Heading heading = arrange_heading(
        {.title = result_.model,
         .subject = fmt::format("Effect on {} of replacing one component by {}", metric, result_.value),
         .facts = fmt::format("{} {:.3f} before. Largest effect {:.3f}.", metric, start(), largest_)},
        s_, width_ - 2 * s_, width_ - 2 * s_);
    std::vector<Place> places;
    double y = heading.bottom + 0.6 * s_;
    for (SweepGrid& grid : sweep_grids(result_)) {
      places.push_back(place(std::move(grid), y));
      y = places.back().bottom + 1.2 * s_;
    }
    Svg svg(width_, y + 2 * s_, theme_);
    svg.describe(fmt::format("Interventions on {}", result_.model),
                 "A cell is the change of the metric when one component is replaced: one hue where it grows, "
                 "the other where it shrinks.",
                 {{"kind", "sweep"},
                  {"model", result_.model},
                  {"prompt", prompt_text(result_.tokens)},
                  {"value", result_.value}});
    draw_heading(svg, heading, theme_, s_);
    for (const Place& place : places) draw_grid(svg, place);
    draw_legend(svg, y + 0.4 * s_);
    return svg.str();
  }

 private:
  struct Place {
    SweepGrid grid;
    Grid cells;
    std::vector<TokenColumn> columns;
    TokenAxis axis;
    double title_y = 0, bottom = 0;
  };

  double start() const { return result_.denoise && result_.against ? *result_.against : result_.clean; }

  std::string metric_text() const {
    const auto token = [](const Piece& piece) { return fmt::format("'{}'", token_label(piece)); };
    switch (result_.metric.kind) {
      case MetricKind::kLogit:
        return "the logit of " + token(result_.metric.target);
      case MetricKind::kLogitDifference:
        return fmt::format("the logit of {} less that of {}", token(result_.metric.target),
                           token(*result_.metric.versus));
      case MetricKind::kProbability:
        return "the probability of " + token(result_.metric.target);
      case MetricKind::kDivergence:
        return "the divergence of the predictions";
    }
    return "";
  }

  Place place(SweepGrid grid, double top) const {
    Place out;
    const auto n_row = static_cast<double>(grid.rows.size());
    const double left = kGutter * s_, room = width_ - s_ - left;
    const double width = std::min(room / static_cast<double>(grid.columns.size()), kWidestCell * s_);
    const double height = std::clamp(kTallestGrid * s_ / n_row, kLowestRow * s_, kRow * s_);
    out.title_y = top + 0.6 * s_;
    out.cells = {.left = left,
                 .top = top + 1.6 * s_,
                 .cell_width = width,
                 .cell_height = height,
                 .gap = std::min(width, height) > s_ ? 0.09 * s_ : 0,
                 .n_row = grid.rows.size(),
                 .n_column = grid.columns.size()};
    const double end = out.cells.top + n_row * height;
    out.bottom = end + 1.4 * s_;
    if (grid.columns_are_tokens) {
      for (size_t t = 0; t < grid.columns.size(); ++t) {
        out.columns.push_back({.position = static_cast<int>(t),
                               .on_route = true,
                               .x = left + (static_cast<double>(t) + 0.5) * width,
                               .width = width});
      }
      out.axis = place_token_axis(out.columns, result_.tokens, end + 0.5 * s_, s_);
      out.bottom = out.axis.bottom;
    }
    out.grid = std::move(grid);
    return out;
  }

  Shades shades(bool grows) const {
    return {theme_.background, grows ? theme_.attention : theme_.ffn, 0.05, theme_.deepest};
  }

  void draw_grid(Svg& svg, const Place& place) const {
    const auto group = svg.group("grid");
    const TextStyle muted = {.fill = theme_.text_muted, .size = s_};
    svg.text(s_, place.title_y, place.grid.title, {.fill = theme_.text_secondary, .size = s_, .bold = true});
    const size_t row_step = label_step(place.cells.cell_height, 1.25 * s_);
    const size_t n_row = place.grid.rows.size();
    for (size_t r = 0; r < n_row; ++r) {
      if ((n_row - 1 - r) % row_step != 0) continue;
      TextStyle style = muted;
      style.anchor = Anchor::kEnd;
      svg.text(place.cells.left - 0.8 * s_,
               place.cells.top + (static_cast<double>(r) + 0.5) * place.cells.cell_height,
               place.grid.rows[r].label, style);
    }
    for (const bool grows : {true, false}) {
      draw_heat_map(svg, place.cells, shades(grows), [&](size_t row, size_t column) {
        const double effect = place.grid.rows[row].effects[column].value_or(0);
        return effect == 0 || (effect > 0) != grows ? -1 : std::abs(effect) / largest_;
      });
    }
    if (place.grid.columns_are_tokens) {
      draw_token_axis(svg, place.axis, place.columns, theme_, s_);
      return;
    }
    const size_t column_step = label_step(place.cells.cell_width, 2 * s_);
    for (size_t c = 0; c < place.grid.columns.size(); ++c) {
      const bool is_ffn = place.grid.columns[c] == "FFN";
      if (c % column_step != 0 && !is_ffn) continue;
      TextStyle style = muted;
      style.anchor = Anchor::kMiddle;
      svg.text(place.cells.left + (static_cast<double>(c) + 0.5) * place.cells.cell_width,
               place.cells.top + static_cast<double>(n_row) * place.cells.cell_height + 0.8 * s_,
               place.grid.columns[c], style);
    }
  }

  void draw_legend(Svg& svg, double y) const {
    const auto group = svg.group("legend");
    const TextStyle style = {.fill = theme_.text_secondary, .size = s_};
    const std::string end = fmt::format("{:.2f}", largest_);
    const double width = std::min(12 * s_, (width_ - 4 * s_) / 2);
    draw_scale(svg, s_, y, width, shades(false), "0", "-" + end, style);
    draw_scale(svg, 2 * s_ + width, y, width, shades(true), "0", "+" + end, style);
  }

  const SweepResult& result_;
  const Theme theme_;
  double width_, s_, largest_;
};

}  // namespace

std::string sweep_figure(const SweepResult& result, const FigureOptions& options) {
  return SweepFigure(result, options).draw();
}

}  // namespace limpid
