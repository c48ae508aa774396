// A comparison in the terminal: what differs between the prompts, the next tokens, the edges that changed.
#pragma once

#include <string>

#include "limpid/compare.h"

#include "cli/terminal.h"

namespace limpid {

struct ComparisonTextOptions {
  size_t n_edge = 10;
  double min_flow = 0.01;  // of the node that an edge leads to, in either run
};

std::string comparison_text(const Comparison& comparison, const ComparisonTextOptions& options,
                            const Terminal& terminal);

}  // namespace limpid
