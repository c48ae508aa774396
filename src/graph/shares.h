// What the graph needs to know of a model: importance shares of the parts of every state. Provided lazily
// (attribution computes only what a route reaches); ten-node tests fill it by hand.
//
// The importances of all parts of a node sum to 1, or are all 0 and `degenerate` is set.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"

namespace limpid {

struct HeadShare {
  int head = 0;
  float importance = 0;
};

/// The attention heads of one (query, key) pair.
struct KeyShare {
  int key = 0;
  float importance = 0;               // sum over all heads
  std::vector<HeadShare> heads = {};  // every head, by index; their sum is `importance`
};

/// Parts of resid_mid at one (layer, query): heads over keys, and the residual.
struct AttentionShares {
  std::vector<KeyShare> keys =
      {};  // ascending key; only pairs above the store's floor, and key == query always
  float residual = 0;
  float bias = 0;   // proximity of the bias part over the same denominator; not part of the sum
  float patch = 0;  // of what a run that replaced something put in; in the sum, but no edge carries it
  bool degenerate = false;  // no part points towards the state at all
  // The strongest single part, whatever the floor: what a reader is shown when the node is diffuse.
  float strongest = 0;
};

/// Parts of resid_post at one (layer, position).
struct FfnShares {
  float ffn = 0;
  float residual = 0;
  bool degenerate = false;
  float patch = 0;  // as AttentionShares::patch
};

class ShareSource {
 public:
  virtual ~ShareSource() = default;
  virtual int n_layer() const = 0;
  virtual int n_tok() const = 0;
  /// Parallel blocks: the FFN reads the state below the layer, not resid_mid.
  virtual bool ffn_reads_state_below() const = 0;

  /// Called before attention() for these positions (ascending): every (query, key) pair whose importance is
  /// greater than `floor` must be present afterwards.
  virtual Status require_attention(int layer, std::span<const int> queries, float floor) = 0;
  virtual const AttentionShares& attention(int layer, int query) const = 0;
  virtual Status require_ffn(int layer, std::span<const int> positions) = 0;
  virtual FfnShares ffn(int layer, int position) const = 0;
};

}  // namespace limpid
