// The nodes, edges and heads of a route, each as the web app's panel shows it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/attention.h"
#include "limpid/route.h"
#include "limpid/run_control.h"

#include "api/session.h"

namespace limpid {

struct PartsRequest {
  const Route& route;
  std::span<const int> predicted;  // ids of what follows the explained token, the most probable first
  int position = 0;                // of that token
  size_t n_most = 0;               // parts; those with the largest flow are kept
};
struct PartsAnswer {
  std::string json;  // an object of inspections by "mid.5@3", "head.5.1@3 frozen", "logit@3 #17"
  size_t n_left_out = 0;
};

/// Errors: as Session::inspect.
Result<PartsAnswer> look_at_parts(const Session& session, const Trace& trace, const PartsRequest& request,
                                  const RunControl& control);

/// Heads of a route's attention by the flow that they carry, at most `n`, in order of layers.
std::vector<HeadId> strongest_heads(const Route& route, size_t n);

/// The same JSON without blanks between its parts.
std::string without_blanks(std::string_view json);

}  // namespace limpid
