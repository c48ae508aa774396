#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "figures/figure.h"
#include "figures/heading.h"
#include "figures/prediction_bars.h"
#include "figures/route_layout.h"
#include "figures/route_legend.h"
#include "figures/route_marks.h"
#include "figures/svg.h"

namespace limpid {

namespace {

/// Changes of weight below this are drawn as none.
constexpr float kSmallChange = 0.02f;

/// The least shift of an edge with a label.
constexpr double kLeastShift = 0.01;

/// Both routes as one, whose edges and nodes carry what is larger. In the order of the union.
Route joint(const Comparison& comparison) {
  Route route;
  route.options = comparison.options;
  for (const ComparedNode& n : comparison.route.nodes)
    route.nodes.push_back({.node = n.node, .flow = std::max(n.flow_a, n.flow_b)});
  for (const ComparedEdge& e : comparison.route.edges) {
    Edge edge = {.from = e.from,
                 .to = e.to,
                 .kind = e.kind,
                 .weight = std::max(e.weight_a, e.weight_b),
                 .flow = std::max(e.flow_a, e.flow_b)};
    // Heads are named by how much they changed.
    for (const ComparedHead& h : e.heads) edge.heads.push_back({h.head, std::abs(h.weight_b - h.weight_a)});
    route.edges.push_back(std::move(edge));
  }
  return route;
}

std::string signed_text(double change) {
  return (change < 0 ? "−" : "+") + weight_text(std::abs(change));
}

class CompareFigure {
 public:
  CompareFigure(const Comparison& comparison, double min_flow, const FigureOptions& options)
      : comparison_(comparison),
        route_(joint(comparison)),
        min_flow_(min_flow),
        theme_(options.theme),
        width_(options.width),
        s_(text_size(options.width)),
        dash_(gone_dash(s_)) {}

  std::string draw() {
    const double header_bottom = arrange_header();
    layout_ = layout_route(
        route_, comparison_.tokens_a,
        {.width = width_, .top = header_bottom + 3.2 * s_, .min_flow = min_flow_, .labelling = labelling()});
    arrange_other_tokens();
    const RouteLegend legend =
        arrange_route_legend(layout_,
                             {RouteMark::kStronger, RouteMark::kWeaker, RouteMark::kGone,
                              RouteMark::kUnchanged, RouteMark::kLargerWidth, RouteMark::kStrength},
                             route_.edges.size(), width_);
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
  int start() const { return comparison_.options.position; }
  const Piece& token(int position) const { return comparison_.tokens_a[static_cast<size_t>(position)]; }
  const ComparedEdge& compared(const Edge& edge) const {
    return comparison_.route.edges[static_cast<size_t>(&edge - route_.edges.data())];
  }
  const ComparedNode& compared(const RouteNode& node) const {
    return comparison_.route.nodes[static_cast<size_t>(&node - route_.nodes.data())];
  }
  std::string_view ink(const ComparedEdge& e) const {
    return e.change() > 0 ? theme_.stronger : theme_.weaker;
  }
  static bool is_small(const ComparedEdge& e) { return std::abs(e.change()) < kSmallChange; }

  EdgeLabelling labelling() const {
    return {.strength = [this](const Edge& e) { return static_cast<double>(std::abs(compared(e).shift)); },
            .least = kLeastShift,
            .text = [this](const Edge& e) { return signed_text(static_cast<double>(compared(e).change())); }};
  }

  std::string facts() const {
    size_t n_both = 0, n_a = 0, n_b = 0;
    for (const ComparedEdge& e : comparison_.route.edges) ++(e.in_a && e.in_b ? n_both : e.in_a ? n_a : n_b);
    return fmt::format(
        "{} layers, {} {}. {} edges in both, {} only in A, {} only in B, above {:g}{}.", comparison_.n_layer,
        comparison_.tokens_a.size(), comparison_.tokens_a.size() == 1 ? "token" : "tokens", n_both, n_a, n_b,
        comparison_.options.threshold, comparison_.options.renormalize ? ", renormalised" : "");
  }

  /// As of a route: predictions to the right of the heading, and below its title where that is long.
  double arrange_header() {
    const double margin = s_, gap = 1.5 * s_;
    block_left_ = std::max(0.5 * width_, width_ - 26 * s_);
    const double room = block_left_ - gap - margin;
    const std::string title = comparison_.model_a == comparison_.model_b
                                  ? comparison_.model_a
                                  : fmt::format("{} (A), {} (B)", comparison_.model_a, comparison_.model_b);
    heading_ = arrange_heading({title, "Routes after", token(start()), start(), facts()}, s_,
                               width_ - 2 * margin, room);
    const bool long_title = text_width(heading_.title, Font::kText, kTitle * s_, true) > room;
    block_top_ = long_title ? heading_.title_bottom : heading_.top;
    return std::max(heading_.bottom, block_top_ + prediction_bars_height(comparison_.predictions.size(), s_));
  }

  /// Where the tokens of B stand that differ: the room that a route's figure has for shares.
  void arrange_other_tokens() {
    layout_.bottom = layout_.axis.bottom + 0.4 * s_;
    if (comparison_.changed.empty()) return;
    other_columns_ = layout_.columns;
    other_axis_ = place_token_axis(other_columns_, comparison_.tokens_b, layout_.axis.bottom + 0.5 * s_, s_);
    std::erase_if(other_columns_, [&](const TokenColumn& c) {
      return c.count > 1 || !std::ranges::binary_search(comparison_.changed, c.position);
    });
    layout_.bottom = other_axis_.index_y - 0.4 * s_;
  }

  void describe() {
    const std::string after = fmt::format("{} ({})", token_label(token(start())), start());
    svg_->describe(
        fmt::format("Two information flow routes after {}, A and B", after),
        "Tokens are columns and layers are rows. Colour of a line: stronger or weaker in B. Width: "
        "the larger share of the node it leads to. Strength: the larger share of the prediction that "
        "passes through it.",
        {{"kind", "compare"},
         {"model-a", comparison_.model_a},
         {"model-b", comparison_.model_b},
         {"prompt-a", prompt_text(comparison_.tokens_a)},
         {"prompt-b", prompt_text(comparison_.tokens_b)},
         {"position", fmt::format("{}", start())},
         {"threshold", fmt::format("{:g}", comparison_.options.threshold)},
         {"renormalize", comparison_.options.renormalize ? "true" : "false"},
         {"min-flow", fmt::format("{:g}", min_flow_)}});
  }

  void draw_header() {
    const auto group = svg_->group("header");
    draw_heading(*svg_, heading_, theme_, s_);
    draw_prediction_bars(*svg_, std::span(comparison_.predictions), block_left_, width_ - s_, block_top_,
                         theme_, s_);
  }

  std::string tip(const ComparedEdge& e) const {
    std::string text = fmt::format("layer {}, {}", e.to.layer,
                                   e.kind == EdgeKind::kAttention  ? "attention"
                                   : e.kind == EdgeKind::kResidual ? "residual"
                                                                   : "FFN");
    if (e.kind == EdgeKind::kAttention)
      text += fmt::format(" from {} {}", token_label(token(e.from.position)), e.from.position);
    const auto side = [](bool on_route, float weight) {
      return on_route ? weight_text(static_cast<double>(weight)) : std::string("not on the route");
    };
    text += fmt::format(" into {} {}: A {}, B {}", token_label(token(e.to.position)), e.to.position,
                        side(e.in_a, e.weight_a), side(e.in_b, e.weight_b));
    for (const ComparedHead& h : e.heads)
      text += fmt::format(", head {} {} and {}", h.head, contribution_text(static_cast<double>(h.weight_a)),
                          contribution_text(static_cast<double>(h.weight_b)));
    return text;
  }

  void draw_edges() {
    const auto draw = [&](std::string_view name, std::string_view stroke, auto wanted) {
      const auto group = svg_->group(name, {.fill = "none", .stroke = stroke});
      for (const PlacedEdge& placed : layout_.edges) {
        const ComparedEdge& e = compared(*placed.edge);
        if (!wanted(e)) continue;
        const double thin = is_small(e) ? 0.4 : 1;
        svg_->path(edge_line(placed),
                   {.stroke_width = thin * edge_width(*placed.edge, s_),
                    .opacity = edge_opacity(*placed.edge),
                    .dash = !is_small(e) && !e.in_b ? std::string_view(dash_) : std::string_view()},
                   tip(e));
      }
    };
    draw("unchanged", theme_.residual, [](const ComparedEdge& e) { return is_small(e); });
    draw("weaker", theme_.weaker, [](const ComparedEdge& e) { return !is_small(e) && e.change() < 0; });
    draw("stronger", theme_.stronger, [](const ComparedEdge& e) { return !is_small(e) && e.change() > 0; });
    draw_diamonds();
  }

  void draw_diamonds() {
    const auto group = svg_->group("ffn-blocks");
    for (const PlacedEdge& placed : layout_.edges) {
      if (placed.edge->kind != EdgeKind::kFfnOut) continue;
      const ComparedEdge& e = compared(*placed.edge);
      const double larger = static_cast<double>(placed.edge->weight);
      const std::string sign =
          diamond(placed.x1 + placed.bend, (placed.y1 + placed.y2) / 2, diamond_radius(larger, layout_));
      const std::string_view colour = is_small(e) ? theme_.residual : ink(e);
      if (e.in_b)
        svg_->path(sign, {.fill = colour}, tip(e));
      else
        svg_->path(sign, {.fill = theme_.background, .stroke = colour, .stroke_width = 0.12 * s_}, tip(e));
    }
  }

  void draw_nodes() {
    const auto group = svg_->group("nodes", {.fill = theme_.residual});
    for (const PlacedNode& placed : layout_.nodes) {
      const ComparedNode& n = compared(*placed.node);
      std::string text = fmt::format("{} {}", token_label(token(n.node.position)), to_string(n.node));
      if (n.distance) text += fmt::format(": states differ by {:.3f}", *n.distance);
      if (!n.in_a || !n.in_b) text += n.in_a ? ", only in A" : ", only in B";
      if (n.in_a && n.in_b)
        svg_->circle(placed.x, placed.y, placed.radius, {}, text);
      else if (n.in_b)
        svg_->circle(placed.x, placed.y, placed.radius, {.fill = theme_.stronger}, text);
      else
        svg_->circle(placed.x, placed.y, placed.radius,
                     {.fill = theme_.background, .stroke = theme_.weaker, .stroke_width = 0.12 * s_}, text);
    }
  }

  void draw_labels() {
    const auto group = svg_->group("labels");
    for (const EdgeLabel& label : layout_.labels) {
      const Box& box = label.box;
      const std::string_view colour = ink(compared(*label.edge));
      svg_->rect(box.left, box.top, box.width(), box.bottom - box.top, {.fill = theme_.background});
      std::vector<TextSpan> spans = {{label.weight, colour, Font::kText, true}};
      if (!label.heads.empty()) spans.push_back({label.heads, theme_.text_secondary});
      svg_->text(box.left, (box.top + box.bottom) / 2, spans,
                 {.fill = colour, .size = s_, .bold = spans.size() == 1});
    }
  }

  /// The most probable token of A, and that of B where it is another.
  void draw_output() {
    const auto best = [&](Prediction ComparedPrediction::*side) {
      return std::ranges::max_element(comparison_.predictions, {},
                                      [side](const ComparedPrediction& p) { return (p.*side).probability; });
    };
    const auto of_a = best(&ComparedPrediction::a), of_b = best(&ComparedPrediction::b);
    std::vector<TextSpan> spans;
    if (of_a != comparison_.predictions.end()) {
      const auto label = [&](const Piece& piece) -> TextSpan {
        return {fit_text(token_label(piece), Font::kToken, s_, 6 * s_), {}, Font::kToken};
      };
      spans.push_back(label(of_a->piece));
      spans.push_back({percent_text(of_a->a.probability), {}});
      spans.push_back({"→", {}});
      if (of_b != of_a) spans.push_back(label(of_b->piece));
      spans.push_back({percent_text(of_b->b.probability), {}});
    }
    draw_output_label(*svg_, layout_, layout_.column(start())->x, width_ - s_, spans, theme_);
  }

  void draw_axis() {
    const auto group = svg_->group("tokens");
    draw_token_axis(*svg_, layout_.axis, layout_.columns, theme_, s_);
    if (other_columns_.empty()) return;
    const TextStyle muted = {.fill = theme_.text_muted, .size = s_};
    svg_->text(s_, layout_.graph.bottom + 1.6 * s_, "A", muted);
    svg_->text(s_, layout_.axis.bottom + 1.1 * s_, "B", muted);
    for (const TokenColumn& c : other_columns_) {
      svg_->text(c.x, other_axis_.label_y, c.label,
                 {.fill = theme_.text,
                  .size = s_,
                  .font = Font::kToken,
                  .anchor = other_axis_.upward ? Anchor::kEnd : Anchor::kMiddle,
                  .upward = other_axis_.upward});
    }
  }

  const Comparison& comparison_;
  const Route route_;
  double min_flow_;
  const Theme theme_;
  double width_, s_;
  const std::string dash_;
  double block_left_ = 0, block_top_ = 0;  // of the predictions
  Heading heading_;
  RouteLayout layout_;
  std::vector<TokenColumn> other_columns_;
  TokenAxis other_axis_;
  Svg* svg_ = nullptr;
};

}  // namespace

std::string compare_figure(const Comparison& comparison, double min_flow, const FigureOptions& options) {
  return CompareFigure(comparison, min_flow, options).draw();
}

}  // namespace limpid
