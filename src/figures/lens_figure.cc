#include <algorithm>
#include <fmt/format.h>

#include "figures/figure.h"
#include "figures/heading.h"
#include "figures/heat_map.h"
#include "figures/token_axis.h"

namespace limpid {

namespace {

// In sizes of text.
constexpr double kGutter = 4.2, kReadableCell = 3.2, kNarrowestCell = 0.5, kWidestCell = 13, kRoomyCell = 7;
constexpr double kTextRow = 1.6, kLowestRow = 0.5;

std::string_view state_text(StateKind state) {
  switch (state) {
    case StateKind::kPre:
      return "before its attention";
    case StateKind::kMid:
      return "after its attention";
    case StateKind::kPost:
      return "after its FFN";
  }
  return "";
}

class LensFigure {
 public:
  LensFigure(const LensResult& result, const FigureOptions& options)
      : result_(result), theme_(options.theme), width_(options.width), s_(text_size(options.width)) {}

  std::string draw() {
    arrange();
    Svg svg(width_, bottom_, theme_);
    svg_ = &svg;
    svg.describe(
        fmt::format("Logit lens of {}", result_.model),
        "Tokens are columns and layers are rows. A cell names the token that its state would predict if it "
        "were the last one; its shade is the probability.",
        {{"kind", "lens"},
         {"model", result_.model},
         {"prompt", prompt_text(result_.tokens)},
         {"state", std::string(state_text(result_.state))}});
    draw_heading(svg, heading_, theme_, s_);
    draw_layers();
    draw_cells();
    draw_settled();
    {
      const auto group = svg.group("tokens");
      draw_token_axis(svg, axis_, columns_, theme_, s_);
    }
    draw_legend();
    return svg.str();
  }

 private:
  size_t n_layer() const { return result_.rows.size(); }
  double row_top(size_t layer) const {
    return grid_.top + static_cast<double>(n_layer() - 1 - layer) * grid_.cell_height;
  }
  /// Of column `i` of the figure. Null where the lens was asked for no tokens.
  const NamedPrediction* top(size_t layer, size_t i) const {
    const auto& predictions = result_.rows[layer][first_ + i].top;
    return predictions.empty() ? nullptr : &predictions.front();
  }
  bool is_top(int id, size_t layer, size_t i) const {
    const NamedPrediction* p = top(layer, i);
    return p != nullptr && p->prediction.id == id;
  }

  void arrange() {
    const double left = kGutter * s_, room = width_ - s_ - left;
    const size_t n_asked = result_.positions.size(), n_tok = result_.tokens.size();
    const size_t n = std::min(n_asked, static_cast<size_t>(room / (kNarrowestCell * s_)));
    first_ = n_asked - n;
    const double cell = std::min(room / static_cast<double>(std::max<size_t>(n, 1)), kWidestCell * s_);
    for (size_t i = 0; i < n; ++i) {
      columns_.push_back({.position = result_.positions[first_ + i],
                          .on_route = true,
                          .x = left + (static_cast<double>(i) + 0.5) * cell,
                          .width = cell});
    }
    written_ = cell >= kReadableCell * s_;
    std::string facts = fmt::format("{} layers, {} {}.", n_layer(), n_tok, n_tok == 1 ? "token" : "tokens");
    if (n < n_asked) facts += fmt::format(" Only the last {} are shown.", n);
    heading_ = arrange_heading(
        {.title = result_.model,
         .subject = fmt::format("Logit lens: what each layer predicts {}", state_text(result_.state)),
         .facts = facts},
        s_, width_ - 2 * s_, width_ - 2 * s_);
    const double plain = (0.55 * width_ + 140) / static_cast<double>(std::max<size_t>(n_layer(), 1));
    grid_ = {.left = left,
             .top = heading_.bottom + 0.6 * s_,
             .cell_width = cell,
             .cell_height = written_ ? kTextRow * s_ : std::clamp(plain, kLowestRow * s_, kTextRow * s_),
             .gap = cell > s_ ? 0.09 * s_ : 0,
             .n_row = n_layer(),
             .n_column = n};
    grid_bottom_ = grid_.top + static_cast<double>(n_layer()) * grid_.cell_height;
    axis_ = place_token_axis(columns_, result_.tokens, grid_bottom_ + 0.5 * s_, s_);
    legend_y_ = axis_.bottom + 1.1 * s_;
    bottom_ = legend_y_ + (stacked() ? 3 : 1.5) * s_;
  }

  void draw_layers() {
    const auto group = svg_->group("layers");
    size_t step = 1;
    for (const size_t next : {2, 5, 10, 20}) {
      if (static_cast<double>(step) * grid_.cell_height < 1.25 * s_) step = next;
    }
    for (size_t l = 0; l < n_layer(); l += step)
      svg_->text(grid_.left - 0.8 * s_, row_top(l) + grid_.cell_height / 2, fmt::format("{}", l),
                 {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kEnd});
  }

  Shades shades() const { return {theme_.background, theme_.probability, 0.05, theme_.deepest}; }

  void draw_cells() {
    const auto group = svg_->group("cells");
    if (!written_) {
      draw_heat_map(*svg_, grid_, shades(), [&](size_t row, size_t column) {
        const NamedPrediction* p = top(n_layer() - 1 - row, column);
        return p == nullptr ? -1 : p->prediction.probability;
      });
      return;
    }
    for (size_t l = n_layer(); l-- > 0;) {
      for (size_t i = 0; i < columns_.size(); ++i) draw_cell(l, i);
    }
  }

  void draw_cell(size_t layer, size_t i) {
    const NamedPrediction* p = top(layer, i);
    if (p == nullptr) return;
    const TokenColumn& column = columns_[i];
    const double size = 0.95 * s_, pad = 0.25 * s_, width = column.width - grid_.gap,
                 left = column.x - width / 2;
    const double middle = row_top(layer) + grid_.cell_height / 2;
    const std::string label = token_label(p->piece), percent = percent_text(p->prediction.probability);
    const std::string fill = shades()(p->prediction.probability);
    const std::string_view ink = ink_on(fill, theme_);
    svg_->rect(left, row_top(layer) + grid_.gap / 2, width, grid_.cell_height - grid_.gap, {.fill = fill},
               fmt::format("layer {}, {} {}: {} {}", layer,
                           token_label(result_.tokens[static_cast<size_t>(column.position)]), column.position,
                           label, percent));
    const double percent_width = width >= kRoomyCell * s_ ? text_width(percent, Font::kText, size) + pad : 0;
    svg_->text(left + pad, middle, fit_text(label, Font::kToken, size, width - 1.6 * pad - percent_width),
               {.fill = ink, .size = size, .font = Font::kToken});
    if (percent_width > 0)
      svg_->text(left + width - pad, middle, percent, {.fill = ink, .size = size, .anchor = Anchor::kEnd});
  }

  /// A line below the lowest layer from which on the top token stays what it is in the end.
  void draw_settled() {
    Path lines;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const NamedPrediction* last = n_layer() == 0 ? nullptr : top(n_layer() - 1, i);
      if (last == nullptr) continue;
      size_t l = n_layer() - 1;
      while (l > 0 && is_top(last->prediction.id, l - 1, i)) --l;
      const TokenColumn& c = columns_[i];
      const double y = row_top(l) + grid_.cell_height, half = (c.width - grid_.gap) / 2;
      lines.move(c.x - half, y).line(c.x + half, y);
    }
    svg_->path(lines.str(), {.fill = "none", .stroke = theme_.text, .stroke_width = 0.15 * s_});
  }

  static constexpr std::string_view kSettled = "from here up the top token stays the last layer's";
  bool stacked() const { return width_ < 60 * s_; }

  void draw_legend() {
    const auto group = svg_->group("legend");
    const TextStyle style = {.fill = theme_.text_secondary, .size = s_};
    const std::string title = "probability";
    svg_->text(s_, legend_y_, title, style);
    const double left = s_ + text_width(title, Font::kText, s_) + 0.8 * s_;
    draw_scale(*svg_, left, legend_y_, 13 * s_, shades(), "0", "1", style);
    const double x = stacked() ? s_ : left + 14.5 * s_, y = legend_y_ + (stacked() ? 1.5 * s_ : 0);
    svg_->path(Path().move(x, y).line(x + 2 * s_, y).str(),
               {.stroke = theme_.text, .stroke_width = 0.15 * s_});
    svg_->text(x + 2.5 * s_, y, fit_text(kSettled, Font::kText, s_, width_ - x - 3.5 * s_), style);
  }

  const LensResult& result_;
  const Theme theme_;
  double width_, s_;
  bool written_ = false;  // cells have room for their token
  size_t first_ = 0;      // of the asked positions that is shown
  std::vector<TokenColumn> columns_;
  Heading heading_;
  Grid grid_;
  TokenAxis axis_;
  double grid_bottom_ = 0, legend_y_ = 0, bottom_ = 0;
  Svg* svg_ = nullptr;
};

}  // namespace

std::string lens_figure(const LensResult& result, const FigureOptions& options) {
  return LensFigure(result, options).draw();
}

}  // namespace limpid
