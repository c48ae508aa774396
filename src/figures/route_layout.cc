#include "figures/route_layout.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "figures/route_columns.h"
#include "figures/route_labels.h"
#include "figures/text.h"

#include "base/check.h"

namespace limpid {

namespace {

// In units of the text's size.
constexpr double kGutter = 4.2, kMargin = 1.7, kNarrowestColumn = 1.4, kWidestColumn = 13, kFold = 2.4;
constexpr double kLowestRow = 0.8, kHighestRow = 4, kLaneGap = 0.34;
constexpr size_t kMostEdges = 4000;  // drawn; more are a blur
constexpr double kMiddle = 0.42;     // of a row's plain height, from its top

class Layout {
 public:
  Layout(const Route& route, std::span<const Piece> tokens, const RouteLayoutOptions& options)
      : route_(route), tokens_(tokens), options_(options) {
    CHECK(!route.nodes.empty());
    out_.size = text_size(options.width);
  }

  RouteLayout run() {
    place_all_columns();
    find_edges();
    place_rows();
    place_axis();
    place_nodes();
    place_edges();
    out_.labels = place_labels(out_, options_.labelling);
    return std::move(out_);
  }

 private:
  bool visible(float flow) const { return flow >= static_cast<float>(options_.min_flow); }
  int n_layer() const { return route_.nodes.front().node.layer + 1; }

  void place_all_columns() {
    std::vector<float> strongest(tokens_.size());
    for (const RouteNode& n : route_.nodes) {
      float& flow = strongest[static_cast<size_t>(n.node.position)];
      if (visible(n.flow)) flow = std::max(flow, n.flow);
    }
    const double s = out_.size;
    out_.graph.left = kGutter * s;
    out_.graph.right = options_.width - kMargin * s;
    out_.columns = place_columns(strongest, route_.options.position,
                                 {.left = out_.graph.left,
                                  .width = out_.graph.width(),
                                  .narrowest = kNarrowestColumn * s,
                                  .widest = kWidestColumn * s,
                                  .fold = kFold * s});
    const auto n_kept = std::ranges::count_if(out_.columns, &TokenColumn::on_route);
    const auto n_on_route = std::ranges::count_if(strongest, [](float f) { return f > 0; });
    out_.n_crowded = static_cast<size_t>(std::max<std::ptrdiff_t>(n_on_route - n_kept, 0));
  }

  /// The flow that an edge must carry to be drawn: as asked, or more where there are too many.
  float least_flow() const {
    const auto least = static_cast<float>(options_.min_flow);
    if (route_.edges.size() <= kMostEdges) return least;
    std::vector<float> flows;
    flows.reserve(route_.edges.size());
    for (const Edge& e : route_.edges) flows.push_back(e.flow);
    std::ranges::nth_element(flows, flows.begin() + kMostEdges, std::ranges::greater{});
    return std::max(least, std::nextafter(flows[kMostEdges], 2.0f));
  }

  /// Splits the edges that are drawn by what they are, and gives lanes to those between tokens.
  void find_edges() {
    out_.least_flow = least_flow();
    for (const Edge& e : route_.edges) {
      if (e.kind == EdgeKind::kFfnIn) ffn_input_[e.to] = e.from;
      if (e.flow < out_.least_flow) {
        ++out_.n_weak;
      } else if (column(e.from) == nullptr || column(e.to) == nullptr) {
        ++out_.n_folded;
      } else if (e.kind == EdgeKind::kAttention && e.from.position != e.to.position) {
        crossing_[e.to.layer].push_back({&e, 0});
      } else if (e.kind != EdgeKind::kFfnIn) {
        own_.push_back(&e);
      }
    }
    for (auto& [layer, edges] : crossing_) n_lane_[layer] = assign_lanes(edges);
  }

  struct Crossing {
    const Edge* edge;
    size_t lane;
  };

  /// Greedy interval colouring, short edges first, so that they lie below the long ones. Returns the number
  /// of lanes.
  static size_t assign_lanes(std::vector<Crossing>& edges) {
    std::ranges::stable_sort(edges, {}, [](const Crossing& c) {
      return std::tuple(c.edge->to.position - c.edge->from.position, c.edge->to.position);
    });
    std::vector<std::vector<const Edge*>> lanes;
    for (Crossing& crossing : edges) {
      const auto meets = [&](const Edge* other) {
        return crossing.edge->from.position <= other->to.position &&
               other->from.position <= crossing.edge->to.position;
      };
      const auto free =
          std::ranges::find_if(lanes, [&](const auto& lane) { return std::ranges::none_of(lane, meets); });
      crossing.lane = static_cast<size_t>(free - lanes.begin());
      if (free == lanes.end()) lanes.emplace_back();
      lanes[crossing.lane].push_back(crossing.edge);
    }
    return lanes.size();
  }

  /// A layer's height below its middle. Many lanes make it higher.
  double lower_height(int layer, double plain, double gap) const {
    const auto lanes = n_lane_.find(layer);
    const double needed = lanes == n_lane_.end() ? 0 : static_cast<double>(lanes->second + 1) * gap;
    return std::max((1 - kMiddle) * plain, needed);
  }

  void place_rows() {
    const double s = out_.size, n = n_layer();
    plain_ = std::clamp((0.55 * options_.width + 140) / n, kLowestRow * s, kHighestRow * s);
    const auto height = [&](double gap) {
      double sum = 0;
      for (int l = 0; l < n_layer(); ++l) sum += kMiddle * plain_ + lower_height(l, plain_, gap);
      return sum;
    };
    // Lanes come closer where they would make the figure much higher than wide.
    double gap = kLaneGap * s;
    while (height(gap) > std::max(1.25 * options_.width, 1.1 * n * plain_) && gap > 0.02 * s) gap *= 0.85;
    out_.rows.resize(static_cast<size_t>(n_layer()));
    out_.graph.top = options_.top;
    double y = options_.top;
    for (int l = n_layer() - 1; l >= 0; --l) {
      RouteRow& row = out_.rows[static_cast<size_t>(l)];
      row.top = y;
      row.middle = y + kMiddle * plain_;
      row.bottom = y = row.middle + lower_height(l, plain_, gap);
    }
    out_.graph.bottom = y;
    out_.scale = std::clamp(plain_ / (1.9 * out_.size), 0.6, 1.0);
    number_rows();
  }

  void number_rows() {
    int step = 1;
    for (const int next : {2, 5, 10, 20}) {
      if (step * plain_ < 1.25 * out_.size) step = next;
    }
    for (size_t l = 0; l < out_.rows.size(); ++l) out_.rows[l].numbered = l % static_cast<size_t>(step) == 0;
  }

  void place_axis() {
    const double s = out_.size;
    out_.axis = place_token_axis(out_.columns, tokens_, out_.graph.bottom + s, s);
    out_.share_top = out_.axis.bottom + 0.3 * s;
    out_.share_bottom = out_.share_top + 1.8 * s;
    out_.share_text_y = out_.share_bottom + 0.8 * s;
    out_.bottom = out_.share_text_y + 0.7 * s;
  }

  const TokenColumn* column(const Node& node) const { return out_.column(node.position); }

  double y_of(const Node& node) const {
    if (node.kind == NodeKind::kEmbed) return out_.rows[0].bottom;
    const RouteRow& row = out_.rows[static_cast<size_t>(node.layer)];
    return node.kind == NodeKind::kMid ? row.middle : row.top;
  }

  double scale() const { return out_.size / 11 * out_.scale; }

  void place_nodes() {
    for (const RouteNode& n : route_.nodes) {
      if (n.node.kind == NodeKind::kFfn || !visible(n.flow) || column(n.node) == nullptr) continue;
      const double radius = (n.node.kind == NodeKind::kMid ? 2.0 : 2.7) * scale();
      out_.nodes.push_back({&n, column(n.node)->x, y_of(n.node), radius});
    }
  }

  void place_edges() {
    for (const Edge* e : own_) out_.edges.push_back(place_own(*e));
    for (const auto& [layer, edges] : crossing_) {
      for (const Crossing& c : edges) out_.edges.push_back(place_crossing(c, n_lane_.at(layer)));
    }
    const auto rank = [](const PlacedEdge& e) {
      const int kind = e.edge->kind == EdgeKind::kResidual ? 0 : e.edge->kind == EdgeKind::kFfnOut ? 1 : 2;
      return std::pair(kind, e.edge->flow);
    };
    std::ranges::stable_sort(out_.edges, {}, rank);
  }

  /// An edge that stays in its column.
  PlacedEdge place_own(const Edge& e) const {
    const TokenColumn& c = *column(e.to);
    const double k = scale();
    PlacedEdge placed = {.edge = &e, .x1 = c.x, .y1 = y_of(e.from), .x2 = c.x, .y2 = y_of(e.to)};
    if (e.kind == EdgeKind::kFfnOut) {
      const auto input = ffn_input_.find(e.from);
      placed.y1 =
          y_of(input != ffn_input_.end() ? input->second : Node{NodeKind::kMid, e.to.layer, e.to.position});
      placed.bend = std::min({13 * k, c.width * 0.3, 4 * k + 0.4 * plain_});
    } else if (e.kind == EdgeKind::kAttention) {
      placed.bend = std::min({11 * k, c.width * 0.26, 4 * k + 0.35 * plain_});
    }
    return placed;
  }

  PlacedEdge place_crossing(const Crossing& c, size_t n_lane) const {
    const RouteRow& row = out_.rows[static_cast<size_t>(c.edge->to.layer)];
    PlacedEdge placed = {.edge = c.edge,
                         .x1 = column(c.edge->from)->x,
                         .y1 = y_of(c.edge->from),
                         .x2 = column(c.edge->to)->x,
                         .y2 = y_of(c.edge->to)};
    const double gap = (row.bottom - row.middle) / static_cast<double>(n_lane + 1);
    placed.lane = row.bottom - gap * static_cast<double>(c.lane + 1);
    placed.bend = std::min(12 * scale(), (placed.x2 - placed.x1) / 2);
    return placed;
  }

  const Route& route_;
  std::span<const Piece> tokens_;
  const RouteLayoutOptions& options_;
  RouteLayout out_;
  double plain_ = 0;  // height of a row with few lanes
  std::map<Node, Node> ffn_input_;
  std::map<int, std::vector<Crossing>> crossing_;  // by layer
  std::map<int, size_t> n_lane_;
  std::vector<const Edge*> own_;
};

}  // namespace

const TokenColumn* RouteLayout::column(int position) const {
  auto after = std::ranges::upper_bound(columns, position, {}, &TokenColumn::position);
  if (after == columns.begin()) return nullptr;
  --after;
  return after->count == 1 && after->position == position ? &*after : nullptr;
}

RouteLayout layout_route(const Route& route, std::span<const Piece> tokens,
                         const RouteLayoutOptions& options) {
  return Layout(route, tokens, options).run();
}

double edge_width(const Edge& edge, double size) {
  return (0.7 + 2.7 * std::sqrt(static_cast<double>(edge.weight))) * size / 11;
}

double edge_opacity(const Edge& edge) {
  return std::min(1.0, 0.3 + 0.7 * std::pow(static_cast<double>(edge.flow), 0.42));
}

}  // namespace limpid
