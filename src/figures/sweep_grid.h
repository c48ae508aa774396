// The effects of a sweep, arranged in grids.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "limpid/intervention.h"

namespace limpid {

struct SweepGrid {
  std::string title;
  std::vector<std::string> columns = {};
  struct Row {
    std::string label;
    std::vector<std::optional<double>> effects;  // of the columns
  };
  std::vector<Row> rows = {};  // the top layer first
  bool columns_are_tokens = false;
};

/// Heads and FFNs at all tokens share one grid of layers; all else has one of its kind, with tokens as
/// columns.
std::vector<SweepGrid> sweep_grids(const SweepResult& result);

/// The largest |effect|; 0 without cells.
double largest_effect(const SweepResult& result);

}  // namespace limpid
