// What the web app shows of one prediction, all of it at once: for a page without a server.
#pragma once

#include <string>
#include <vector>

#include "limpid/route.h"
#include "limpid/run_control.h"

#include "api/session.h"
#include "base/result.h"

namespace limpid {

struct Snapshot {
  std::string json;                   // `Saved` of web/src/api/saved.ts
  std::vector<std::string> left_out;  // what was too much, one sentence each; the page says so too
};

/// How large a snapshot may become; beyond, what matters least to the route is left out.
struct SnapshotLimits {
  size_t n_cell = 8000;          // of a lens, layers x tokens
  size_t n_map_value = 600'000;  // of attention maps
  size_t n_part = 1200;          // nodes, edges and heads of the route
  size_t n_share_byte = 8'000'000;
};

/// The thresholds that the page can show.
inline constexpr float kLeastThreshold = 0.01f, kMostThreshold = 0.2f;

/// options: of the route that is shown first, and whose parts can be looked at. Errors: as the readings.
Result<Snapshot> snapshot(const Session& session, Explanation& explanation, RouteOptions options,
                          const RunControl& control, const SnapshotLimits& limits = {});

}  // namespace limpid
