#include "cli/route_lanes.h"

#include <algorithm>

namespace limpid {

std::vector<Lane> assign_lanes(const std::vector<const Edge*>& edges) {
  std::vector<LaneBundle> bundles;
  for (const Edge* edge : edges) {
    if (edge->from.position == edge->to.position) continue;
    if (bundles.empty() || bundles.back().target != edge->to.position)
      bundles.push_back({edge->to.position, {}});
    bundles.back().sources.push_back(edge);
  }
  std::ranges::sort(bundles, {}, [](const LaneBundle& b) { return std::pair(b.leftmost(), b.target); });

  std::vector<Lane> lanes;
  for (LaneBundle& bundle : bundles) {
    const auto free =
        std::ranges::find_if(lanes, [&](const Lane& lane) { return lane.back().target < bundle.leftmost(); });
    if (free == lanes.end()) {
      lanes.push_back({std::move(bundle)});
    } else {
      free->push_back(std::move(bundle));
    }
  }
  return lanes;
}

}  // namespace limpid
