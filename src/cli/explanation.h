// How the explanation of a prediction is shown in the terminal, and the options for that.
#pragma once

#include <string>

#include "api/session.h"

namespace CLI {
class App;
}

namespace limpid {

/// Title of the options that choose a route.
inline constexpr const char* kRouteGroup = "Route";

struct ExplanationOptions {
  int top = 5;
  float threshold = 0.04f;
  bool renormalize = true;
  double min_flow = 0.01;

  void add_to(CLI::App& app);
  RouteOptions route() const { return {.threshold = threshold, .renormalize = renormalize}; }
};

/// The next-token table, the route, the strongest edges and heads.
std::string draw_explanation(const Session& session, const Explanation& explanation, const Route& route,
                             const ExplanationOptions& options);

}  // namespace limpid
