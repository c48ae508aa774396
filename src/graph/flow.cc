#include "graph/flow.h"

#include "base/check.h"

namespace limpid {
namespace {

// Flow per node in a dense array: embeddings first, then mid, ffn and post of every layer. Keys precede their
// queries, so no position exceeds the start's.
class FlowTable {
 public:
  explicit FlowTable(const Node& start)
      : n_position_(static_cast<size_t>(start.position) + 1),
        flow_((1 + 3 * (static_cast<size_t>(start.layer) + 1)) * n_position_) {}

  double& at(const Node& node) {
    const auto position = static_cast<size_t>(node.position);
    CHECK(position < n_position_);
    return flow_[row(node) * n_position_ + position];
  }

 private:
  static size_t row(const Node& node) {
    const size_t first = 1 + 3 * static_cast<size_t>(node.layer);
    switch (node.kind) {
      case NodeKind::kEmbed:
        return 0;
      case NodeKind::kMid:
        return first;
      case NodeKind::kFfn:
        return first + 1;
      case NodeKind::kPost:
        return first + 2;
    }
    return 0;
  }

  size_t n_position_;
  std::vector<double> flow_;
};

}  // namespace

void assign_flow(Route& route) {
  if (route.nodes.empty()) return;
  FlowTable flow(route.nodes.front().node);
  flow.at(route.nodes.front().node) = 1;
  auto first = route.edges.begin();
  for (RouteNode& target : route.nodes) {
    const double arrived = flow.at(target.node);
    target.flow = static_cast<float>(arrived);
    double weights = 0;
    auto last = first;
    for (; last != route.edges.end() && last->to == target.node; ++last) weights += last->weight;
    for (; first != last; ++first) {
      const double passed = arrived * (first->weight / weights);
      first->flow = static_cast<float>(passed);
      flow.at(first->from) += passed;
    }
  }
  CHECK(first == route.edges.end());
}

}  // namespace limpid
