// Which attention edges of one layer share a line of the drawing. Pure; knows columns, not terminals.
#pragma once

#include <vector>

#include "api/session.h"

namespace limpid {

/// Attention into one token: drawn as one line from the leftmost source to the target.
struct LaneBundle {
  int target = 0;                    // position
  std::vector<const Edge*> sources;  // ascending position; never the target itself
  int leftmost() const { return sources.front()->from.position; }
};

/// Bundles that do not overlap, left to right.
using Lane = std::vector<LaneBundle>;

/// Greedy interval colouring: every bundle goes into the first lane in which it fits. `edges` are attention
/// edges of one layer, ascending target then source.
std::vector<Lane> assign_lanes(const std::vector<const Edge*>& edges);

}  // namespace limpid
