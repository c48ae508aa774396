// What a state would predict if it were the last one: the logit lens (nostalgebraist 2020). The state goes
// through the final norm and the unembedding.
#pragma once

#include <span>
#include <vector>

#include "limpid/lens.h"
#include "limpid/run_control.h"
#include "limpid/token.h"

#include "base/matrix.h"
#include "base/result.h"
#include "forward/model.h"

namespace limpid {

struct StateReading {
  std::vector<Prediction> top;       // as top_predictions
  double entropy = 0;                // in nats
  std::vector<TokenReading> chosen;  // of the ids asked for
};

/// Of one row of logits, [n_vocab].
StateReading read_distribution(std::span<const float> logits, size_t n_top, std::span<const int> chosen);

/// Of every row of `states`, [m, d_model]. Logits exist for few rows at a time, whatever m is. Errors:
/// kCancelled.
Result<std::vector<StateReading>> read_states(const Model& model, ConstMatrixView states, size_t n_top,
                                              std::span<const int> chosen, const RunControl& control = {});
/// The same, with other ids for each row.
Result<std::vector<StateReading>> read_states_each(const Model& model, ConstMatrixView states, size_t n_top,
                                                   std::span<const std::vector<int>> chosen,
                                                   const RunControl& control = {});

}  // namespace limpid
