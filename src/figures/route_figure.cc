#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "figures/colour.h"
#include "figures/figure.h"
#include "figures/heading.h"
#include "figures/prediction_bars.h"
#include "figures/route_layout.h"
#include "figures/route_legend.h"
#include "figures/route_marks.h"
#include "figures/svg.h"

namespace limpid {

namespace {

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
    const RouteLegend legend =
        arrange_route_legend(layout_, route_marks(layout_), route_.edges.size(), width_);
    Svg svg(width_, legend.bottom + 0.9 * s_, theme_);
    svg_ = &svg;
    describe();
    draw_header();
    draw_layers(svg, layout_, theme_);
    draw_edges();
    draw_nodes();
    draw_labels();
    draw_output();
    draw_axis();
    draw_route_legend(svg, legend, theme_, s_);
    return svg.str();
  }

 private:
  const Piece& token(int position) const { return run_.tokens[static_cast<size_t>(position)]; }
  int start() const { return route_.options.position; }
  int layers() const { return route_.nodes.front().node.layer + 1; }

  /// The predictions lie to the right of the heading, and below its title where that is long. Returns where
  /// both end.
  double arrange_header() {
    const double margin = s_, gap = 1.5 * s_;
    block_left_ = std::max(0.56 * width_, width_ - 23 * s_);
    const double room = block_left_ - gap - margin;
    const std::string facts =
        fmt::format("{} layers, {} {}. {} edges above {:g}{}.", layers(), run_.tokens.size(),
                    run_.tokens.size() == 1 ? "token" : "tokens", route_.edges.size(),
                    route_.options.threshold, route_.options.renormalize ? ", renormalised" : "");
    heading_ = arrange_heading({run_.model, "Route after", token(start()), start(), facts}, s_,
                               width_ - 2 * margin, room);
    const bool long_title = text_width(heading_.title, Font::kText, kTitle * s_, true) > room;
    block_top_ = long_title ? heading_.title_bottom : heading_.top;
    return std::max(heading_.bottom, block_top_ + prediction_bars_height(run_.predictions.size(), s_));
  }

  void describe() {
    const std::string after = fmt::format("{} ({})", token_label(token(start())), start());
    const std::string title = fmt::format("Information flow route of {} after {}", run_.model, after);
    svg_->describe(
        title,
        "Tokens are columns and layers are rows. Width of a line: share of the node it leads to. Strength: "
        "share of the prediction that passes through it.",
        {{"kind", "route"},
         {"model", run_.model},
         {"prompt", prompt_text(run_.tokens)},
         {"position", fmt::format("{}", start())},
         {"threshold", fmt::format("{:g}", route_.options.threshold)},
         {"renormalize", route_.options.renormalize ? "true" : "false"},
         {"min-flow", fmt::format("{:g}", min_flow_)}});
  }

  void draw_header() {
    const auto group = svg_->group("header");
    draw_heading(*svg_, heading_, theme_, s_);
    draw_prediction_bars(*svg_, run_.predictions, block_left_, width_ - s_, block_top_, theme_, s_);
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
        svg_->path(edge_line(e), {.stroke_width = edge_width(*e.edge, s_), .opacity = edge_opacity(*e.edge)},
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
      svg_->path(diamond(e.x1 + e.bend, (e.y1 + e.y2) / 2,
                         diamond_radius(static_cast<double>(e.edge->weight), layout_)),
                 {.fill = mix(theme_.background, theme_.ffn, opacity)}, tip(*e.edge));
    }
  }

  void draw_nodes() {
    const auto group = svg_->group("nodes", {.fill = theme_.residual});
    for (const PlacedNode& n : layout_.nodes) {
      if (n.node->degenerate || n.node->diffuse) {
        draw_end(*svg_, n.x, n.y, n.radius, n.node->degenerate, theme_, s_);
      } else {
        svg_->circle(n.x, n.y, n.radius, {});
        if (n.node->dropped >= kMuchDropped) draw_ring(*svg_, n.x, n.y, n.radius, theme_, s_);
      }
    }
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

  void draw_output() {
    std::vector<TextSpan> spans;
    if (!run_.predictions.empty()) {
      const NamedPrediction& best = run_.predictions.front();
      spans = {{fit_text(token_label(best.piece), Font::kToken, s_, 10 * s_), {}, Font::kToken},
               {percent_text(best.prediction.probability), {}}};
    }
    draw_output_label(*svg_, layout_, layout_.column(start())->x, width_ - s_, spans, theme_);
  }

  void draw_axis() {
    const auto group = svg_->group("tokens");
    draw_token_axis(*svg_, layout_.axis, layout_.columns, theme_, s_);
    draw_shares();
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

  const Route& route_;
  const RouteRun& run_;
  double min_flow_;
  const Theme theme_;
  double width_, s_;
  double block_left_ = 0, block_top_ = 0;  // of the predictions
  Heading heading_;
  RouteLayout layout_;
  Svg* svg_ = nullptr;
};

}  // namespace

std::string route_figure(const Route& route, const RouteRun& run, double min_flow,
                         const FigureOptions& options) {
  return RouteFigure(route, run, min_flow, options).draw();
}

}  // namespace limpid
