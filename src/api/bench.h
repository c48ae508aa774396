// Speed and memory of one model on this machine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/session.h"

namespace limpid {

struct BenchRow {
  size_t n_tok = 0;
  double forward_seconds = 0;       // all states, logits of the last position
  double contribution_seconds = 0;  // the full graph: shares of every layer, position, key and head
  double route_seconds = 0;         // the route at 0.04 from the last token, shares being there
  double explain_seconds = 0;       // prompt to route with shares on demand: what `explain` waits for
  size_t n_node = 0, n_edge = 0;    // of that route
  size_t trace_bytes = 0;           // states of the run
  size_t shares_bytes = 0;          // shares of the full graph that are kept
  size_t explain_peak_bytes = 0;    // highest resident memory of the process while explaining
  size_t peak_bytes = 0;            // the same with the full graph
};

struct BenchResult {
  std::string model;
  int threads = 0;
  double load_seconds = 0;  // opening, and decoding and packing all weights
  WeightBytes weights = {};
  std::vector<BenchRow> rows;
};

struct BenchRequest {
  std::vector<int> n_tok = {16, 64, 256, 1024};
  int repeats = 3;  // the median is reported
  OpenOptions open = {};
};

/// The prompt is a passage of prose, repeated to length (ids counting up for a model without tokenizer).
/// Errors: kInvalidArgument for lengths outside [1, n_ctx].
Result<BenchResult> bench(std::string_view model, const BenchRequest& request,
                          const RunControl& control = {});

}  // namespace limpid
