// Scores of a target (docs/method.md, "Target-aware scores"): what parts of a run do for one logit, or for
// the difference of two, against another run or against nothing.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

#include "limpid/route.h"

namespace limpid {

/// What gradients do at attention's probabilities.
enum class AttentionRule {
  kDifferentiated,  // go through them, to queries and keys
  kFrozen,          // stop: only what heads move counts, not why they attend
};

/// logit(target), less logit(versus), behind one position.
struct LogitMetric {
  int position = 0;
  int target = 0;
  std::optional<int> versus = {};
};

/// Attention from a key to a query, in one layer: from the state below at `key` to mid at `query`. What comes
/// through the query itself belongs to the edge from its own position.
struct TargetEdge {
  int layer = 0;
  int query = 0;
  int key = 0;
  float score = 0;                   // of all heads
  std::vector<EdgeHead> heads = {};  // ascending; those above the floor
};

/// One number for each token of each layer, [n_layer][n_tok].
using LayerScores = std::vector<std::vector<float>>;

/// Signed: what is above 0 is for the target. In units of the metric: a state's score is an estimate of how
/// much the metric would fall if the state were the other run's. Nothing behind the metric's position counts.
struct TargetScores {
  LogitMetric metric;
  AttentionRule rule = AttentionRule::kDifferentiated;
  double value = 0;           // of the metric
  double counterfactual = 0;  // in the other run; 0 without one
  int n_layer = 0;
  int n_head = 0;
  size_t n_tok = 0;

  std::vector<float> embed;           // [n_tok]
  LayerScores mid, post;              // states
  LayerScores ffn;                    // what it adds; also the edge from ffn to post
  LayerScores ffn_in;                 // the edge into it, from mid (parallel blocks: from the state below)
  LayerScores pre_to_mid;             // the residual edge from the state below
  LayerScores mid_to_post;            // the other residual edge
  std::vector<LayerScores> heads;     // [n_layer][n_tok][n_head]
  std::vector<TargetEdge> attention;  // by layer, query and key; those above the floor
  double floor = 0;                   // of |score|

  /// What scores are to be compared with.
  double scale() const { return std::abs(value - counterfactual); }
  /// Beyond what a linear estimate can mean: as a rule, a massive activation that differs between the runs.
  bool is_suspect(double score) const { return std::abs(score) > 3 * scale(); }
};

}  // namespace limpid
