// Which parts of one state survive the threshold, and with what weight. Comparisons are strict: a part equal
// to the threshold is dropped.
#pragma once

#include <vector>

#include "graph/route.h"
#include "graph/shares.h"

namespace limpid {

/// What is left of a (query, key) pair.
struct KeptKey {
  int key = 0;
  float weight = 0;
  std::vector<EdgeHead> heads = {};  // ascending head; weights sum to `weight`
};

/// What is left of the parts of resid_mid. Weight 0 means dropped.
struct KeptAttention {
  std::vector<KeptKey> keys = {};  // ascending key, every weight > 0
  float residual = 0;
  float dropped = 0;  // share of the node's input below the threshold

  bool empty() const { return keys.empty() && residual == 0; }
};

/// What is left of the parts of resid_post. Weight 0 means dropped.
struct KeptFfn {
  float ffn = 0;
  float residual = 0;
  float dropped = 0;

  bool empty() const { return ffn == 0 && residual == 0; }
};

/// Both: options.renormalize and options.threshold as described there; the weights of what is kept sum to 1
/// when renormalised. `query` is the position of the state, whose own key is grouped with the residual.
KeptAttention keep_attention(const AttentionShares& shares, int query, const RouteOptions& options);
KeptFfn keep_ffn(const FfnShares& shares, const RouteOptions& options);

}  // namespace limpid
