#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "figures/colour.h"
#include "figures/figure.h"
#include "figures/route_layout.h"
#include "figures/svg.h"

namespace limpid {

namespace {

constexpr float kMuchDropped = 0.2f;
constexpr size_t kMostPredictions = 5;
constexpr double kLine = 1.4, kTitle = 1.2;  // distance of lines, and the title's height, in sizes of text

class RouteFigure {
 public:
  RouteFigure(const Route& route, const RouteRun& run, double min_flow, const FigureOptions& options)
      : route_(route),
        run_(run),
        min_flow_(min_flow),
        theme_(options.theme),
        width_(options.width),
        s_(text_size(options.width)) {}

  std::string draw() {
    const double header_bottom = arrange_header();
    layout_ = layout_route(route_, run_.tokens,
                           {.width = width_, .top = header_bottom + 3.2 * s_, .min_flow = min_flow_});
    arrange_legend();
    Svg svg(width_, legend_bottom_ + s_, theme_);
    svg_ = &svg;
    describe();
    draw_header();
    draw_rows();
    draw_edges();
    draw_nodes();
    draw_labels();
    draw_output();
    draw_axis();
    draw_legend();
    return svg.str();
  }

 private:
  const Piece& token(int position) const { return run_.tokens[static_cast<size_t>(position)]; }
  int start() const { return route_.options.position; }
  size_t n_prediction() const { return std::min(run_.predictions.size(), kMostPredictions); }

  /// Breaks the texts beside the predictions; returns where the header ends.
  double arrange_header() {
    const double margin = s_, gap = 1.5 * s_;
    block_left_ = std::max(0.56 * width_, width_ - 23 * s_);
    const double room = block_left_ - gap - margin;
    const double title_width = text_width(run_.model, Font::kText, kTitle * s_, true);
    block_top_ = margin + (title_width > room ? 1.2 * kLine * s_ : 0);
    title_ = fit_text(run_.model, Font::kText, kTitle * s_, (width_ - 2 * margin) / 1.12);
    const size_t n_edge = route_.edges.size();
    const std::string facts =
        fmt::format("{} layers, {} {}. {} edges above {:g}{}.", route_.nodes.front().node.layer + 1,
                    run_.tokens.size(), run_.tokens.size() == 1 ? "token" : "tokens", n_edge,
                    route_.options.threshold, route_.options.renormalize ? ", renormalised" : "");
    facts_ = wrap_text(facts, Font::kText, s_, room);
    const double left = 1.2 * kLine + kLine * static_cast<double>(1 + facts_.size());
    const double right = kLine * static_cast<double>(1 + n_prediction());
    return std::max(margin + left * s_, block_top_ + right * s_);
  }

  void describe() {
    std::string prompt;
    for (const Piece& piece : run_.tokens) prompt += piece.continuation ? "" : piece.text;
    const std::string after = fmt::format("{} ({})", token_label(token(start())), start());
    const std::string title = fmt::format("Information flow route of {} after {}", run_.model, after);
    svg_->describe(
        title,
        "Tokens are columns and layers are rows. Width of a line: share of the node it leads to. Strength: "
        "share of the prediction that passes through it.",
        {{"kind", "route"},
         {"model", run_.model},
         {"prompt", prompt},
         {"position", fmt::format("{}", start())},
         {"threshold", fmt::format("{:g}", route_.options.threshold)},
         {"renormalize", route_.options.renormalize ? "true" : "false"},
         {"min-flow", fmt::format("{:g}", min_flow_)}});
  }

  void draw_header() {
    const auto group = svg_->group("header");
    double y = s_ + 0.6 * s_;
    svg_->text(s_, y, title_, {.fill = theme_.text, .size = kTitle * s_, .bold = true});
    y += 1.2 * kLine * s_;
    svg_->text(s_, y,
               {{"Route after", theme_.text_secondary},
                {fit_text(token_label(token(start())), Font::kToken, s_, 9 * s_), theme_.text, Font::kToken},
                {fmt::format("{}", start()), theme_.text_muted}},
               {.fill = theme_.text_secondary, .size = s_});
    for (const std::string& line : facts_) {
      y += kLine * s_;
      svg_->text(s_, y, line, {.fill = theme_.text_muted, .size = s_});
    }
    draw_predictions();
  }

  void draw_predictions() {
    const double right = width_ - s_, label_width = 7.6 * s_, percent_width = 3.1 * s_;
    const double bar_left = block_left_ + label_width, bar_width = right - percent_width - bar_left;
    double y = block_top_ + 0.6 * s_;
    svg_->text(block_left_, y, "Next token", {.fill = theme_.text, .size = s_, .bold = true});
    svg_->text(right, y, "probability", {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kEnd});
    for (const NamedPrediction& p : run_.predictions.first(n_prediction())) {
      y += kLine * s_;
      svg_->text(block_left_, y, fit_text(token_label(p.piece), Font::kToken, s_, label_width - 0.5 * s_),
                 {.fill = theme_.text, .size = s_, .font = Font::kToken});
      const double height = 0.62 * s_;
      svg_->rect(bar_left, y - height / 2, bar_width, height, {.fill = theme_.sunken});
      svg_->rect(bar_left, y - height / 2, bar_width * p.prediction.probability, height,
                 {.fill = theme_.probability});
      svg_->text(right, y, percent_text(p.prediction.probability),
                 {.fill = theme_.text, .size = s_, .anchor = Anchor::kEnd});
    }
  }

  /// Numbers of layers, and a dot for every state: those off the route stay visible.
  void draw_rows() {
    const auto group = svg_->group("layers");
    const double x = layout_.graph.left - 0.8 * s_;
    svg_->text(s_, layout_.graph.top - 1.3 * s_, "Layer", {.fill = theme_.text_muted, .size = s_});
    for (size_t l = 0; l < layout_.rows.size(); ++l) {
      const RouteRow& row = layout_.rows[l];
      if (row.numbered)
        svg_->text(x, (row.top + row.middle) / 2, fmt::format("{}", l),
                   {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kEnd});
    }
    Path dots;
    for (const RouteColumn& c : layout_.columns) {
      if (c.count > 1) continue;
      for (const RouteRow& row : layout_.rows) dots.dot(c.x, row.top).dot(c.x, row.middle);
      dots.dot(c.x, layout_.graph.bottom);
    }
    svg_->path(dots.str(),
               {.fill = "none", .stroke = theme_.ghost, .stroke_width = 0.17 * s_, .round_ends = true});
  }

  static std::string shape(const PlacedEdge& e) {
    const double middle = (e.y1 + e.y2) / 2;
    if (e.edge->kind == EdgeKind::kResidual) return Path().move(e.x1, e.y1).line(e.x2, e.y2).str();
    if (e.edge->from.position == e.edge->to.position) {
      const double x = e.x1 + (e.edge->kind == EdgeKind::kAttention ? -e.bend : e.bend);
      return Path().move(e.x1, e.y1).curve(x, e.y1, x, middle).curve(x, e.y2, e.x2, e.y2).str();
    }
    return Path()
        .move(e.x1, e.y1)
        .curve(e.x1, e.lane, e.x1 + e.bend, e.lane)
        .line(e.x2 - e.bend, e.lane)
        .curve(e.x2, e.lane, e.x2, e.y2)
        .str();
  }

  std::string tip(const Edge& e) const {
    if (e.kind == EdgeKind::kResidual) return "";
    std::string text =
        fmt::format("layer {}, {}", e.to.layer, e.kind == EdgeKind::kAttention ? "attention" : "FFN");
    if (e.kind == EdgeKind::kAttention)
      text += fmt::format(" from {} {}", token_label(token(e.from.position)), e.from.position);
    text += fmt::format(" into {} {}: weight {}, {} of the flow", token_label(token(e.to.position)),
                        e.to.position, weight_text(static_cast<double>(e.weight)),
                        percent_text(static_cast<double>(e.flow)));
    for (const EdgeHead& h : e.heads)
      text += fmt::format(", head {} {}", h.head, contribution_text(static_cast<double>(h.weight)));
    return text;
  }

  void draw_edges() {
    const auto draw = [&](std::string_view name, std::string_view stroke, auto wanted) {
      const auto group = svg_->group(name, {.fill = "none", .stroke = stroke});
      for (const PlacedEdge& e : layout_.edges) {
        if (!wanted(e.edge->kind)) continue;
        svg_->path(shape(e), {.stroke_width = edge_width(*e.edge, s_), .opacity = edge_opacity(*e.edge)},
                   tip(*e.edge));
      }
    };
    draw("residual", theme_.residual, [](EdgeKind k) { return k == EdgeKind::kResidual; });
    draw("ffn", theme_.ffn, [](EdgeKind k) { return k == EdgeKind::kFfnOut; });
    draw("attention", theme_.attention, [](EdgeKind k) { return k == EdgeKind::kAttention; });
    draw_diamonds();
  }

  void draw_diamonds() {
    const auto group = svg_->group("ffn-blocks", {.fill = theme_.ffn});
    for (const PlacedEdge& e : layout_.edges) {
      if (e.edge->kind != EdgeKind::kFfnOut) continue;
      const double opacity = std::max(0.6, edge_opacity(*e.edge));
      // Opaque, so that no line shows through.
      svg_->path(diamond(e.x1 + e.bend, (e.y1 + e.y2) / 2, diamond_radius(*e.edge)),
                 {.fill = mix(theme_.background, theme_.ffn, opacity)}, tip(*e.edge));
    }
  }

  double diamond_radius(const Edge& e) const {
    return std::min(0.42, 0.2 + 0.24 * std::sqrt(static_cast<double>(e.weight))) * s_ * layout_.scale;
  }

  static std::string diamond(double x, double y, double r) {
    return Path().move(x, y - r).line(x + r, y).line(x, y + r).line(x - r, y).close().str();
  }

  void draw_nodes() {
    const auto group = svg_->group("nodes", {.fill = theme_.residual});
    for (const PlacedNode& n : layout_.nodes) {
      if (n.node->degenerate || n.node->diffuse) {
        draw_end(n.x, n.y, n.radius, n.node->degenerate);
      } else {
        svg_->circle(n.x, n.y, n.radius, {});
        if (n.node->dropped >= kMuchDropped) draw_ring(n.x, n.y, n.radius);
      }
    }
  }

  /// A node with inputs at which the route ends: hollow where none is above the threshold, crossed where none
  /// points towards the state.
  void draw_end(double x, double y, double radius, bool degenerate) {
    const double r = 1.35 * radius;
    svg_->circle(x, y, r, {.fill = theme_.background, .stroke = theme_.text, .stroke_width = 0.12 * s_});
    if (degenerate)
      svg_->path(Path().move(x - r, y - r).line(x + r, y + r).move(x - r, y + r).line(x + r, y - r).str(),
                 {.stroke = theme_.text, .stroke_width = 0.12 * s_});
  }

  void draw_ring(double x, double y, double radius) {
    const std::string dash = fmt::format("{} {}", number(0.15 * s_), number(0.17 * s_));
    svg_->circle(x, y, radius + 0.28 * s_,
                 {.fill = "none", .stroke = theme_.text_secondary, .stroke_width = 0.1 * s_, .dash = dash});
  }

  void draw_labels() {
    const auto group = svg_->group("labels");
    for (const EdgeLabel& label : layout_.labels) {
      const Box& box = label.box;
      svg_->rect(box.left, box.top, box.width(), box.bottom - box.top, {.fill = theme_.background});
      std::vector<TextSpan> spans = {{label.weight, theme_.attention, Font::kText, true}};
      if (!label.heads.empty()) spans.push_back({label.heads, theme_.text_secondary});
      svg_->text(box.left, (box.top + box.bottom) / 2, spans,
                 {.fill = theme_.attention, .size = s_, .bold = spans.size() == 1});
    }
  }

  /// The prediction over the column it was made in.
  void draw_output() {
    const auto group = svg_->group("output");
    const RouteColumn& column = *layout_.column(start());
    const double top = layout_.graph.top, tip_y = top - 0.95 * s_, half = 0.45 * s_;
    svg_->path(Path()
                   .move(column.x, tip_y)
                   .line(column.x + half, tip_y + 0.75 * s_)
                   .line(column.x - half, tip_y + 0.75 * s_)
                   .close()
                   .str(),
               {.fill = theme_.text});
    if (run_.predictions.empty()) return;
    const Prediction& best = run_.predictions.front().prediction;
    const std::string label =
        fit_text(token_label(run_.predictions.front().piece), Font::kToken, s_, 10 * s_);
    const std::string percent = percent_text(best.probability);
    const double width =
        text_width(label, Font::kToken, s_) + text_width(" " + percent, Font::kText, s_) + 0.9 * s_;
    const double left = std::clamp(column.x - width / 2, s_, width_ - s_ - width), height = 1.5 * s_;
    svg_->rect(left, tip_y - height, width, height, {.fill = theme_.text});
    svg_->text(left + width / 2, tip_y - height / 2,
               {{label, theme_.background, Font::kToken}, {percent, theme_.background}},
               {.fill = theme_.background, .size = s_, .anchor = Anchor::kMiddle});
  }

  void draw_axis() {
    const auto group = svg_->group("tokens");
    for (const RouteColumn& c : layout_.columns) {
      const std::string_view ink = c.on_route ? theme_.text : theme_.text_muted;
      if (c.count > 1) {
        svg_->text(c.x, layout_.index_y, fmt::format("+{}", c.count),
                   {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kMiddle});
      } else {
        svg_->text(c.x, layout_.label_y, c.label,
                   {.fill = ink,
                    .size = s_,
                    .font = Font::kToken,
                    .anchor = layout_.upward ? Anchor::kEnd : Anchor::kMiddle,
                    .upward = layout_.upward});
      }
    }
    draw_indices();
    draw_shares();
  }

  void draw_indices() {
    double free_from = 0;
    for (const RouteColumn& c : layout_.columns) {
      const std::string text = c.count > 1 ? fmt::format("+{}", c.count) : fmt::format("{}", c.position);
      const double half = text_width(text, Font::kText, s_) / 2;
      if (c.count == 1 && c.x - half >= free_from)
        svg_->text(c.x, layout_.index_y, text,
                   {.fill = theme_.text_muted, .size = s_, .anchor = Anchor::kMiddle});
      if (c.count > 1 || c.x - half >= free_from) free_from = c.x + half + 0.25 * s_;
    }
  }

  /// Where the route starts: the flow that arrives on each token.
  void draw_shares() {
    std::vector<PlacedNode> starts;
    for (const PlacedNode& n : layout_.nodes) {
      if (n.node->node.kind == NodeKind::kEmbed && n.node->flow > 0) starts.push_back(n);
    }
    if (starts.empty()) return;
    std::ranges::stable_sort(starts, std::ranges::greater{},
                             [](const PlacedNode& n) { return n.node->flow; });
    const double highest = static_cast<double>(starts.front().node->flow);
    const bool whole = !shares_fit(starts);
    const TextStyle muted = {.fill = theme_.text_muted, .size = s_};
    svg_->text(s_, layout_.share_bottom - 0.5 * s_, "From", muted);
    if (whole) svg_->text(s_, layout_.share_text_y, "%", muted);
    std::vector<Box> taken;
    for (const PlacedNode& n : starts) {
      const auto share = static_cast<double>(n.node->flow);
      const double column = layout_.column(n.node->node.position)->width;
      const double width = std::min(0.5 * column, 2 * s_);
      const double height = (layout_.share_bottom - layout_.share_top) * share / highest;
      svg_->rect(n.x - width / 2, layout_.share_bottom - height, width, height,
                 {.fill = theme_.text_secondary});
      const std::string text = share_text(share, whole);
      const double half = text_width(text, Font::kText, s_) / 2 + 0.12 * s_;
      const Box box = {n.x - half, 0, n.x + half, 1};
      if (std::ranges::any_of(taken, [&](const Box& other) { return box.overlaps(other); })) continue;
      taken.push_back(box);
      svg_->text(n.x, layout_.share_text_y, text,
                 {.fill = theme_.text, .size = s_, .anchor = Anchor::kMiddle});
    }
  }

  static std::string share_text(double share, bool whole) {
    if (!whole) return percent_text(share);
    return share < 0.005 ? "<1" : fmt::format("{:.0f}", share * 100);
  }

  bool shares_fit(const std::vector<PlacedNode>& starts) const {
    return std::ranges::all_of(starts, [&](const PlacedNode& n) {
      const std::string text = share_text(static_cast<double>(n.node->flow), false);
      return text_width(text, Font::kText, s_) + 0.25 * s_ <= layout_.column(n.node->node.position)->width;
    });
  }

  struct LegendItem {
    std::string text;
    double mark;  // width of the mark before it
    void (RouteFigure::*draw)(double x, double y);
    double x = 0, y = 0;
  };

  /// Entries one after the other, in as many lines as they need.
  void arrange_legend() {
    const auto any = [&](auto is) { return std::ranges::any_of(layout_.nodes, is); };
    legend_ = {{"attention", 2, &RouteFigure::mark_attention},
               {"residual", 2, &RouteFigure::mark_residual},
               {"FFN", 1.6, &RouteFigure::mark_ffn},
               {"width: share of target", 3.6, &RouteFigure::mark_width},
               {"strength: share of prediction", 3.6, &RouteFigure::mark_strength}};
    if (any([](const PlacedNode& n) { return n.node->dropped >= kMuchDropped && !n.node->diffuse; }))
      legend_.push_back({"20% or more dropped", 1.4, &RouteFigure::mark_dropped});
    if (any([](const PlacedNode& n) { return n.node->diffuse && !n.node->degenerate; }))
      legend_.push_back({"diffuse: nothing above the threshold", 1.2, &RouteFigure::mark_diffuse});
    if (any([](const PlacedNode& n) { return n.node->degenerate; }))
      legend_.push_back({"no part points towards the state", 1.2, &RouteFigure::mark_degenerate});
    double x = s_, y = layout_.bottom + 1.2 * s_;
    for (LegendItem& item : legend_) {
      const double width = (item.mark + 0.5) * s_ + text_width(item.text, Font::kText, s_);
      if (x > s_ && x + width > width_ - s_) {
        x = s_;
        y += 1.5 * s_;
      }
      item.x = x;
      item.y = y;
      x += width + 0.9 * s_;
    }
    y += 0.6 * s_;
    for (const std::string& note : notes()) {
      for (const std::string& line : wrap_text(note, Font::kText, s_, width_ - 2 * s_)) {
        y += kLine * s_;
        notes_.emplace_back(line, y - 0.5 * s_);
      }
    }
    legend_bottom_ = y;
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> notes;
    if (layout_.n_weak > 0)
      notes.push_back(fmt::format("{} of {} edges not drawn: each under {:.2g}% of the flow.", layout_.n_weak,
                                  route_.edges.size(), 100 * layout_.least_flow));
    if (layout_.n_crowded > 0)
      notes.push_back(fmt::format("{} weaker columns are folded for want of room, with {} edges.",
                                  layout_.n_crowded, layout_.n_folded));
    return notes;
  }

  void draw_legend() {
    const auto group = svg_->group("legend");
    for (const LegendItem& item : legend_) {
      (this->*item.draw)(item.x, item.y);
      svg_->text(item.x + (item.mark + 0.5) * s_, item.y, item.text,
                 {.fill = theme_.text_secondary, .size = s_});
    }
    for (const auto& [line, y] : notes_) svg_->text(s_, y, line, {.fill = theme_.text_muted, .size = s_});
  }

  void mark_line(double x, double y, double length, const Paint& paint) {
    svg_->path(Path().move(x, y).line(x + length, y).str(), paint);
  }
  void mark_attention(double x, double y) {
    mark_line(x, y, 2 * s_, {.stroke = theme_.attention, .stroke_width = 0.2 * s_});
  }
  void mark_residual(double x, double y) {
    mark_line(x, y, 2 * s_, {.stroke = theme_.residual, .stroke_width = 0.26 * s_});
  }
  void mark_ffn(double x, double y) {
    svg_->path(Path()
                   .move(x, y + 0.5 * s_)
                   .curve(x + 1.2 * s_, y + 0.5 * s_, x + 1.2 * s_, y)
                   .curve(x + 1.2 * s_, y - 0.5 * s_, x, y - 0.5 * s_)
                   .str(),
               {.fill = "none", .stroke = theme_.ffn, .stroke_width = 0.13 * s_});
    svg_->path(diamond(x + 1.2 * s_, y, 0.32 * s_), {.fill = theme_.ffn});
  }
  void mark_width(double x, double y) {
    for (int i = 0; i < 3; ++i)
      mark_line(x + 1.25 * i * s_, y, s_,
                {.stroke = theme_.residual, .stroke_width = (0.08 + 0.11 * i) * s_});
  }
  void mark_strength(double x, double y) {
    for (int i = 0; i < 3; ++i)
      mark_line(x + 1.25 * i * s_, y, s_,
                {.stroke = theme_.residual, .stroke_width = 0.24 * s_, .opacity = 0.32 + 0.34 * i});
  }
  void mark_dropped(double x, double y) {
    svg_->circle(x + 0.7 * s_, y, 0.2 * s_, {.fill = theme_.residual});
    draw_ring(x + 0.7 * s_, y, 0.2 * s_);
  }
  void mark_diffuse(double x, double y) { draw_end(x + 0.6 * s_, y, 0.22 * s_, false); }
  void mark_degenerate(double x, double y) { draw_end(x + 0.6 * s_, y, 0.22 * s_, true); }

  const Route& route_;
  const RouteRun& run_;
  double min_flow_;
  const Theme theme_;
  double width_, s_;
  double block_left_ = 0, block_top_ = 0;  // of the predictions
  std::string title_;
  std::vector<std::string> facts_;
  RouteLayout layout_;
  std::vector<LegendItem> legend_;
  std::vector<std::pair<std::string, double>> notes_;  // with their y
  double legend_bottom_ = 0;
  Svg* svg_ = nullptr;
};

}  // namespace

std::string route_figure(const Route& route, const RouteRun& run, double min_flow,
                         const FigureOptions& options) {
  return RouteFigure(route, run, min_flow, options).draw();
}

}  // namespace limpid
