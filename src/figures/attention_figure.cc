#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "figures/attention_map.h"
#include "figures/figure.h"
#include "figures/heading.h"
#include "figures/token_axis.h"

#include "base/check.h"

namespace limpid {

namespace {

// In sizes of text.
constexpr double kLongestLabel = 8.6, kReadableCell = 1.08, kLeastCell = 0.14, kLeastTile = 5,
                 kLargestMap = 40;

std::string head_text(HeadId id) {
  return fmt::format("{}.{}", id.layer, id.head);
}

float highest(const std::vector<float>& values) {
  return values.empty() ? 0 : *std::ranges::max_element(values);
}

class AttentionFigure {
 public:
  AttentionFigure(const AttentionResult& result, const FigureOptions& options)
      : result_(result),
        theme_(options.theme),
        width_(options.width),
        s_(text_size(options.width)),
        n_tok_(result.tokens.size()) {
    CHECK(n_tok_ > 0);
    for (const HeadMap& head : result.heads)
      deepest_ = std::max(deepest_, static_cast<double>(highest(head.contribution)));
  }

  std::string draw() {
    const bool one = result_.heads.size() == 1;
    one ? arrange_pair() : arrange_tiles();
    Svg svg(width_, bottom_, theme_);
    svg_ = &svg;
    describe();
    draw_heading(svg, heading_, theme_, s_);
    one ? draw_pair() : draw_tiles();
    for (const auto& [line, y] : notes_) svg.text(s_, y, line, {.fill = theme_.text_muted, .size = s_});
    return svg.str();
  }

 private:
  void describe() {
    std::string heads;
    for (const HeadMap& head : result_.heads) heads += (heads.empty() ? "" : " ") + head_text(head.id);
    svg_->describe(
        fmt::format("Attention of {} of {}", subject(), result_.model),
        "Rows are queries and columns the keys that they read. Attention: share of what the head reads. "
        "Contribution: share of the state that the head adds to.",
        {{"kind", "attention"},
         {"model", result_.model},
         {"prompt", prompt_text(result_.tokens)},
         {"heads", heads}});
  }

  std::string subject() const {
    return result_.heads.size() == 1 ? "head " + head_text(result_.heads.front().id)
                                     : fmt::format("{} heads", result_.heads.size());
  }

  void arrange_top(std::string facts) {
    const double room = width_ - 2 * s_;
    heading_ = arrange_heading({.title = result_.model,
                                .subject = fmt::format("Attention and contribution of {}", subject()),
                                .facts = std::move(facts)},
                               s_, room, room);
  }

  /// Lines below everything else.
  void add_note(const std::string& note) {
    for (const std::string& line : wrap_text(note, Font::kText, s_, width_ - 2 * s_)) {
      notes_.emplace_back(line, bottom_ + 0.5 * s_);
      bottom_ += kLine * s_;
    }
  }

  std::string pool_note() const {
    return pool_ == 1 ? "" : fmt::format("A cell shows the largest of {0} × {0} values.", pool_);
  }

  std::string token_text(size_t position) const {
    return fmt::format("{} {}", token_label(result_.tokens[position]), position);
  }

  std::string tokens_text() const {
    constexpr size_t kMost = 64;
    std::string text = "Tokens:";
    for (size_t t = 0; t < std::min(n_tok_, kMost); ++t)  // unbroken blanks keep a token beside its position
      text += fmt::format("{}{}\u00A0{}", t == 0 ? " " : " | ", t, token_label(result_.tokens[t]));
    return n_tok_ > kMost ? text + fmt::format(" | … {}", n_tok_ - 1) : text;
  }

  /// Where the head contributes most.
  std::string strongest_text(const HeadMap& head) const {
    const auto at =
        static_cast<size_t>(std::ranges::max_element(head.contribution) - head.contribution.begin());
    return fmt::format("Largest contribution {}: {} reads {}.",
                       contribution_text(static_cast<double>(head.contribution[at])), token_text(at / n_tok_),
                       token_text(at % n_tok_));
  }

  void arrange_pair() {
    const HeadMap& head = result_.heads.front();
    CHECK(head.contribution.size() == n_tok_ * n_tok_);
    arrange_top("Rows read columns. " + strongest_text(head));
    double longest = 0;
    for (const Piece& piece : result_.tokens)
      longest = std::max(longest, text_width(token_label(piece), Font::kToken, s_));
    label_width_ = std::min(longest, kLongestLabel * s_);
    gap_ = 1.6 * s_;
    const double left = s_ + label_width_ + 0.5 * s_;
    side_ = std::min((width_ - s_ - left - gap_) / 2, kLargestMap * s_);
    pool_ = pooled_tokens(n_tok_, side_, kLeastCell * s_);
    map_left_ = left;
    map_top_ = heading_.bottom + 2.2 * s_;
    const double cell = side_ * static_cast<double>(pool_) / static_cast<double>(n_tok_);
    readable_ = pool_ == 1 && cell >= kReadableCell * s_;
    bottom_ = map_top_ + side_ + (readable_ ? 0.5 * s_ + label_width_ : 1.4 * s_) + 0.8 * s_;
    if (pool_ > 1) add_note(pool_note());
    bottom_ += 0.4 * s_;
  }

  void draw_pair() {
    const HeadMap& head = result_.heads.front();
    draw_panel("Attention", map_left_, {head.attention, n_tok_, 1}, "1");
    draw_panel("Contribution", map_left_ + side_ + gap_, {head.contribution, n_tok_, deepest_},
               contribution_text(deepest_));
    const auto group = svg_->group("queries");
    for (const size_t t : labelled()) {
      const double y = map_top_ + (static_cast<double>(t) + 0.5) * side_ / static_cast<double>(n_tok_);
      const TextStyle style = {.fill = readable_ ? theme_.text : theme_.text_muted,
                               .size = s_,
                               .font = readable_ ? Font::kToken : Font::kText,
                               .anchor = Anchor::kEnd};
      svg_->text(map_left_ - 0.5 * s_, y, axis_text(t), style);
    }
  }

  /// A map with its title, its scale and the keys below.
  void draw_panel(std::string_view title, double left, const AttentionMap& map, const std::string& most) {
    const auto group = svg_->group(title == "Attention" ? "attention" : "contribution");
    const double y = map_top_ - 0.9 * s_;
    svg_->text(left, y, title, {.fill = theme_.text, .size = s_, .bold = true});
    const double title_width = text_width("Contribution", Font::kText, s_, true);
    const double scale_width = std::min(side_ - title_width - 0.5 * s_, 9 * s_);
    const double least_width = 2 * s_ + text_width("0" + most, Font::kText, s_);
    if (scale_width >= least_width)
      draw_scale(*svg_, left + side_ - scale_width, y, scale_width, {theme_.background, theme_.attention},
                 "0", most, {.fill = theme_.text_secondary, .size = s_});
    draw_attention_map(*svg_, map, left, map_top_, side_, pool_, theme_);
    for (const size_t t : labelled()) {
      const double x = left + (static_cast<double>(t) + 0.5) * side_ / static_cast<double>(n_tok_);
      if (readable_) {
        svg_->text(
            x, map_top_ + side_ + 0.5 * s_, axis_text(t),
            {.fill = theme_.text, .size = s_, .font = Font::kToken, .anchor = Anchor::kEnd, .upward = true});
      } else {
        svg_->text(x, map_top_ + side_ + 0.9 * s_, axis_text(t),
                   {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kMiddle});
      }
    }
  }

  std::string axis_text(size_t t) const {
    return readable_ ? fit_text(token_label(result_.tokens[t]), Font::kToken, s_, label_width_)
                     : fmt::format("{}", t);
  }

  /// Positions with a label: all, or as many as fit, at a round distance.
  std::vector<size_t> labelled() const {
    const double needed = readable_ ? 0 : text_width(fmt::format("{} ", n_tok_), Font::kText, s_);
    const size_t step = label_step(side_ / static_cast<double>(n_tok_), needed);
    std::vector<size_t> positions;
    for (size_t t = 0; t < n_tok_; t += step) positions.push_back(t);
    return positions;
  }

  /// Tiles in a row: all heads of a layer where they fit, and as even rows as possible where not.
  size_t tiles_in_row(size_t most) const {
    std::map<int, size_t> n_by_layer;
    for (const HeadMap& head : result_.heads) ++n_by_layer[head.id.layer];
    const size_t first = n_by_layer.begin()->second;
    const bool even = std::ranges::all_of(n_by_layer, [&](const auto& n) { return n.second == first; });
    const size_t n = even && first > 1 ? first : result_.heads.size();
    const size_t n_row = (n + most - 1) / most;
    return (n + n_row - 1) / n_row;
  }

  void arrange_tiles() {
    arrange_top(
        result_.heads.empty()
            ? ""
            : fmt::format("Above: attention, 0 to 1. Below: contribution, 0 to {}. Rows read columns.",
                          contribution_text(deepest_)));
    bottom_ = heading_.bottom + 1.2 * s_;
    if (result_.heads.empty()) return;
    gap_ = 0.8 * s_;
    const double room = width_ - 2 * s_;
    n_column_ =
        tiles_in_row(std::max<size_t>(static_cast<size_t>((room + gap_) / (kLeastTile * s_ + gap_)), 1));
    const auto n = static_cast<double>(n_column_);
    side_ = std::min((room - (n - 1) * gap_) / n, kLargestMap / 2 * s_);
    pool_ = pooled_tokens(n_tok_, side_, kLeastCell * s_);
    map_top_ = heading_.bottom + 0.8 * s_;
    tile_height_ = 1.6 * s_ + 2 * side_ + 0.35 * s_ + 1.1 * s_;
    const size_t n_row = (result_.heads.size() + n_column_ - 1) / n_column_;
    bottom_ = map_top_ + static_cast<double>(n_row) * tile_height_;
    add_note(tokens_text());
    if (pool_ > 1) add_note(pool_note());
    bottom_ += 0.6 * s_;
  }

  void draw_tiles() {
    for (size_t i = 0; i < result_.heads.size(); ++i) {
      const HeadMap& head = result_.heads[i];
      const auto group = svg_->group("head-" + head_text(head.id));
      const double left = s_ + static_cast<double>(i % n_column_) * (side_ + gap_);
      const size_t row = i / n_column_;
      const double top = map_top_ + static_cast<double>(row) * tile_height_;
      const std::string name = head_text(head.id),
                        most = contribution_text(static_cast<double>(highest(head.contribution)));
      svg_->text(left, top + 0.7 * s_, name, {.fill = theme_.text, .size = s_, .bold = true});
      const double both = text_width(name, Font::kText, s_, true) + text_width(" " + most, Font::kText, s_);
      if (both <= side_)
        svg_->text(left + side_, top + 0.7 * s_, most,
                   {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kEnd});
      const double first = top + 1.6 * s_, second = first + side_ + 0.35 * s_;
      draw_attention_map(*svg_, {head.attention, n_tok_, 1}, left, first, side_, pool_, theme_);
      draw_attention_map(*svg_, {head.contribution, n_tok_, deepest_}, left, second, side_, pool_, theme_);
    }
  }

  const AttentionResult& result_;
  const Theme theme_;
  double width_, s_;
  size_t n_tok_;
  double deepest_ = 0;  // contribution of any head
  Heading heading_;
  double side_ = 0, gap_ = 0, map_left_ = 0, map_top_ = 0, bottom_ = 0;
  double label_width_ = 0;
  bool readable_ = false;  // every token of the axes has room
  size_t pool_ = 1, n_column_ = 1;
  double tile_height_ = 0;
  std::vector<std::pair<std::string, double>> notes_;
  Svg* svg_ = nullptr;
};

}  // namespace

std::string attention_figure(const AttentionResult& result, const FigureOptions& options) {
  return AttentionFigure(result, options).draw();
}

}  // namespace limpid
