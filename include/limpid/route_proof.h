// Whether a route carries a prediction: everything outside it is replaced, and what is left of the metric
// says so (docs/faithfulness.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "limpid/intervention.h"

namespace limpid {

struct RouteProofRequest {
  std::optional<Prompt> against = {};  // its run gives the values; as many tokens as the prompt
  /// As an intervention's; empty: counterfactual with `against`, else mean.
  std::string value = {};
  MetricRequest metric = {};
  size_t n_weakest = 10;  // components of the route that are replaced one at a time
};

/// A head or FFN of the route at one token.
struct RouteComponent {
  std::string subject;
  double flow = 0;    // that it carries
  double effect = 0;  // what of the metric is lost when it is replaced too
};

struct RouteProof {
  ResolvedMetric metric;
  std::string value;
  double full = 0;     // the metric of the run as it is
  double empty = 0;    // of the run in which every head and FFN is replaced
  double kept = 0;     // in which only those outside the route are
  double removed = 0;  // in which only those of the route are
  /// (kept - empty) / (full - empty): 1 where the route alone gives the metric. None where full is empty.
  std::optional<double> faithfulness = {};
  /// (removed - empty) / (full - empty): 0 where nothing outside the route gives any of it.
  std::optional<double> left = {};
  size_t n_kept = 0;                         // heads and FFNs at single tokens that the route has
  size_t n_component = 0;                    // of so many
  std::vector<RouteComponent> weakest = {};  // by flow, the weakest first
};

}  // namespace limpid
