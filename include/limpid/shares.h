// The shares that routes are drawn from, of every state that some threshold reaches: enough to draw the route
// of any threshold above the floor without the model.
#pragma once

#include <cstddef>
#include <vector>

#include "limpid/route.h"

namespace limpid {

/// A head that reads a key.
struct PartShare {
  int key = 0;
  int head = 0;
  float share = 0;
};

/// Of a mid node: its heads and the residual. Of a post node: the FFN and the residual.
struct NodeShares {
  Node node;
  /// By key and head: all heads with a share above 0 of every key whose heads together are above the floor,
  /// and of the node's own position.
  std::vector<PartShare> parts = {};
  float ffn = 0;
  float residual = 0;
  float patch = 0;      // of what a run that replaced something put in; in the sum, but no edge carries it
  float bias = 0;       // beside the sum
  float strongest = 0;  // single part, whatever the floor
  bool degenerate = false;
};

struct SharesResult {
  int position = 0;
  float floor = 0;
  int n_layer = 0;
  int n_head = 0;
  size_t n_tok = 0;
  bool parallel_blocks = false;        // the FFN reads the state below the layer, not mid
  std::vector<NodeShares> nodes = {};  // from the start node downwards
};

}  // namespace limpid
