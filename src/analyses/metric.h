// One number of a prediction, by which interventions are judged.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "limpid/intervention.h"

#include "base/matrix.h"
#include "forward/model.h"

namespace limpid {

/// Of the predictions after one position.
struct Metric {
  MetricKind kind = MetricKind::kLogit;
  int position = 0;
  int target = 0;
  std::optional<int> versus = {};     // kLogitDifference
  std::vector<float> reference = {};  // kDivergence: the logits of the run that is departed from, [n_vocab]
};

/// The metric of every row. last: states after the last layer at the metric's position, [n, d_model].
std::vector<double> metric_values(const Model& model, const Metric& metric, ConstMatrixView last);

}  // namespace limpid
