// Two runs side by side: of two prompts, of two models, or of one model with and without a change
// (docs/compare.md).
#pragma once

#include <string>
#include <vector>

#include "limpid/result.h"
#include "limpid/route.h"
#include "limpid/route_union.h"
#include "limpid/session.h"
#include "limpid/token.h"

namespace limpid {

/// A next token, as both runs have it.
struct ComparedPrediction {
  Piece piece;
  Prediction a;
  Prediction b;
};

/// One of two runs. The explanation must outlive the call.
struct ComparedRun {
  std::string model;
  Explanation& explanation;
};

struct CompareRequest {
  float threshold = 0.04f;
  bool renormalize = true;
  size_t n_predictions = 5;  // of each run
};

struct Comparison {
  std::string model_a;
  std::string model_b;
  std::vector<Piece> tokens_a;
  std::vector<Piece> tokens_b;
  std::vector<int> changed = {};  // positions at which the tokens differ
  int n_layer = 0;
  RouteOptions options = {};                         // of both routes
  std::vector<ComparedPrediction> predictions = {};  // by the larger of the two probabilities
  RouteUnion route = {};
  std::vector<std::string> warnings = {};
};

/// The prediction at the same position in both. Errors: kInvalidArgument for runs of different numbers of
/// tokens, at different positions, or of models of different shapes; and as Explanation::route.
Result<Comparison> compare(const ComparedRun& a, const ComparedRun& b, const CompareRequest& request);

}  // namespace limpid
