// What of a prediction is left when only some components keep their values (docs/faithfulness.md).
#pragma once

#include <span>
#include <vector>

#include "analyses/node_scores.h"

namespace limpid {

/// Shares of the components that are kept, from 0 to 1, closer where the first ones matter.
std::span<const double> kept_fractions();

/// Components from the best one down: by score, or by size of score. Equal ones by number.
std::vector<size_t> ranked_by_score(std::span<const double> scores);
std::vector<size_t> ranked_by_size(std::span<const double> scores);

/// The other run's values for all but the first `n_keep` of the components.
Patches keep_only(RunPair& runs, std::span<const size_t> ranked, size_t n_keep);

/// The area below points (fraction, value), by trapezoids.
double integral(std::span<const double> fractions, std::span<const double> values);

/// Rank correlation; ties share their mean rank. 0 where one of them is constant.
double spearman(std::span<const double> a, std::span<const double> b);

/// Of values that are not empty.
double median(std::vector<double> values);

}  // namespace limpid
