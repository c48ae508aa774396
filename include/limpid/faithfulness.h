// How well rankings of a model's heads and FFNs say what a prediction depends on (docs/faithfulness.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "limpid/token.h"

namespace limpid {

/// A prompt whose answer is known, and one of as many tokens where it is another.
struct FaithfulnessExample {
  Prompt prompt;
  Prompt counterfactual;
  std::string target, versus;  // texts or "#id"
};

/// What components are ranked by.
enum class Ranking {
  kExact,         // the metric lost when the component alone takes its counterfactual value
  kTarget,        // gradient of the linearised network times the difference of the two runs
  kTargetClean,   // the same times the value itself: without a counterfactual
  kTargetFrozen,  // as kTarget, with attention held still
  kShares,        // flow through the component on the route at the default threshold
  kDirect,        // direct logit attribution
  kRandom,
};
inline constexpr std::array kRankings = {Ranking::kExact,        Ranking::kTarget, Ranking::kTargetClean,
                                         Ranking::kTargetFrozen, Ranking::kShares, Ranking::kDirect,
                                         Ranking::kRandom};
/// "exact", "target", "target-clean", "target-frozen", "shares", "direct", "random".
const char* name(Ranking ranking);

struct FaithfulnessRequest {
  std::vector<FaithfulnessExample> examples = {};
  uint64_t seed = 1;  // of the random ranking, and of which examples score and which evaluate
};

/// One ranking, scored on one half of the examples and held against the other half.
struct FaithfulnessCurve {
  Ranking ranking = Ranking::kExact;
  std::vector<double> scores = {};  // of every component: medians over the scoring half
  /// f of the fractions: what of the metric is left when only the best components keep their values; ranked
  /// by score, and by size of score.
  std::vector<double> by_score = {}, by_size = {};
  double cpr = 0;       // integral of f, ranked by score
  double cmd = 0;       // integral of |1 - f|, ranked by size
  double spearman = 0;  // rank correlation of the scores with those of kExact
};

struct FaithfulnessResult {
  std::string model;
  int n_layer = 0;
  int n_head = 0;
  uint64_t seed = 0;
  size_t n_scoring = 0, n_evaluating = 0;
  size_t n_wrong = 0;  // examples left out: the model prefers the wrong token, or the counterfactual
  std::vector<std::string> components = {};  // "head.5.1" by layer, then "ffn.5" by layer
  std::vector<double> fractions = {};        // of the components that are kept, from 0 to 1
  double clean = 0, counterfactual = 0;      // means of the metric over the evaluating half
  std::vector<FaithfulnessCurve> curves = {};
  std::vector<std::string> warnings = {};
};

}  // namespace limpid
