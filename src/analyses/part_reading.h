// What parts of a state (head outputs, FFN outputs, neurons, biases) do to the logits: docs/method.md,
// "Reading a vector in the vocabulary".
#pragma once

#include <span>
#include <vector>

#include "limpid/inspect.h"

#include "base/matrix.h"
#include "forward/model.h"

namespace limpid {

struct IdScore {
  int id = 0;
  float logit = 0;
};

struct PartScores {
  std::vector<IdScore> promoted;    // the largest, descending; equal ones by ascending id
  std::vector<IdScore> suppressed;  // the smallest, ascending; equal ones by ascending id
};

/// Of every row of `parts`, [m, d_model], n_token[row] at each end. last: resid_post of the last layer at the
/// parts' position. Soft cap and bias of the logits apply in the readings that treat a part as a state
/// (kPart, kNone), not where parts add up.
std::vector<PartScores> read_parts(const Model& model, ConstMatrixView parts, std::span<const float> last,
                                   Normalize normalize, std::span<const size_t> n_token);

}  // namespace limpid
