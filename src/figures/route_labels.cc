#include "figures/route_labels.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <optional>

#include "figures/text.h"

namespace limpid {

namespace {

bool crosses(const PlacedEdge& e) {
  return e.edge->kind == EdgeKind::kAttention && e.edge->from.position != e.edge->to.position;
}

/// "heads 0 1 7", the strongest first.
std::string heads_text(const Edge& edge) {
  constexpr size_t kMost = 4;
  std::vector<EdgeHead> heads = edge.heads;
  std::ranges::stable_sort(heads, std::ranges::greater{}, &EdgeHead::weight);
  std::string text = heads.size() == 1 ? "head" : "heads";
  for (size_t i = 0; i < std::min(kMost, heads.size()); ++i) text += fmt::format(" {}", heads[i].head);
  if (heads.size() > kMost) text += fmt::format(" +{}", heads.size() - kMost);
  return heads.empty() ? "" : text;
}

/// Boxes around everything that is drawn of an edge.
void add_boxes(const PlacedEdge& e, double pad, std::vector<Box>& boxes) {
  if (crosses(e)) {
    boxes.push_back({e.x1, e.lane - pad, e.x2, e.lane + pad});
    boxes.push_back({e.x1 - pad, e.lane, e.x1 + pad, e.y1});
    boxes.push_back({e.x2 - pad, e.y2, e.x2 + pad, e.lane});
    return;
  }
  const double right = e.edge->kind == EdgeKind::kFfnOut ? e.bend + 2 * pad : 0;
  const double left = e.edge->kind == EdgeKind::kAttention ? e.bend : 0;
  boxes.push_back({e.x1 - left - pad, e.y2 - pad, e.x1 + right + pad, e.y1 + pad});
}

/// A free place along the edge's line: above it from the left, else below it.
std::optional<Box> free_place(const PlacedEdge& e, double width, double size, double bottom,
                              const std::vector<Box>& taken) {
  const double half = 0.62 * size, offset = half + 0.22 * size;
  for (const double y : {e.lane - offset, e.lane + offset}) {
    for (double x = e.x1 + 0.5 * size; x + width <= e.x2 - 0.3 * size; x += 0.5 * size) {
      const Box box = {x, y - half, x + width, y + half};
      const auto meets = [&](const Box& other) { return box.overlaps(other); };
      if (box.bottom <= bottom && std::ranges::none_of(taken, meets)) return box;
    }
  }
  return std::nullopt;
}

}  // namespace

EdgeLabelling flow_labelling() {
  constexpr double kLeast = 0.05;
  return {.strength = [](const Edge& e) { return static_cast<double>(e.flow); },
          .least = kLeast,
          .text = [](const Edge& e) { return weight_text(static_cast<double>(e.weight)); }};
}

std::vector<EdgeLabel> place_labels(const RouteLayout& layout, const EdgeLabelling& labelling) {
  const double s = layout.size;
  const auto strength = [&](const PlacedEdge& e) { return labelling.strength(*e.edge); };
  std::map<int, const PlacedEdge*> strongest;
  std::vector<Box> taken;
  for (const PlacedEdge& e : layout.edges) {
    add_boxes(e, 0.2 * s, taken);
    if (!crosses(e) || strength(e) < labelling.least) continue;
    const PlacedEdge*& best = strongest[e.edge->to.layer];
    if (best == nullptr || strength(e) > strength(*best)) best = &e;
  }
  for (const PlacedNode& n : layout.nodes)
    taken.push_back({n.x - n.radius, n.y - n.radius, n.x + n.radius, n.y + n.radius});
  std::vector<const PlacedEdge*> order;
  order.reserve(strongest.size());
  for (const auto& [layer, e] : strongest) order.push_back(e);
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](const PlacedEdge* e) { return strength(*e); });

  std::vector<EdgeLabel> labels;
  for (const PlacedEdge* e : order) {
    const std::string weight = labelling.text(*e->edge);
    const double weight_width = text_width(weight, Font::kText, s, true);
    for (const std::string& heads : {heads_text(*e->edge), std::string()}) {
      const double width = weight_width + (heads.empty() ? 0 : text_width(" " + heads, Font::kText, s));
      const std::optional<Box> box = free_place(*e, width, s, layout.graph.bottom, taken);
      if (!box) continue;
      labels.push_back({e->edge, *box, weight, heads});
      taken.push_back(*box);
      break;
    }
  }
  return labels;
}

}  // namespace limpid
