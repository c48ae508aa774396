#include "analyses/state_reading.h"

#include <algorithm>
#include <cmath>

#include "analyses/predictions.h"
#include "forward/recompute.h"

namespace limpid {

StateReading read_distribution(std::span<const float> logits, size_t n_top, std::span<const int> chosen) {
  StateReading reading{top_predictions(logits, n_top), 0, {}};
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  double total = 0, weighted = 0;  // sums of e^x and of x e^x, where x = logit - largest
  for (const float logit : logits) {
    const double x = static_cast<double>(logit) - largest, e = std::exp(x);
    total += e;
    weighted += x * e;
  }
  reading.entropy = std::max(0.0, std::log(total) - weighted / total);
  for (const int id : chosen) {
    const float logit = logits[static_cast<size_t>(id)];
    size_t rank = 0;
    for (size_t other = 0; other < logits.size(); ++other) {
      if (logits[other] > logit || (logits[other] == logit && other < static_cast<size_t>(id))) ++rank;
    }
    reading.chosen.push_back({logit, std::exp(static_cast<double>(logit) - largest) / total, rank});
  }
  return reading;
}

namespace {

/// chosen(row): the ids to look for.
template <class Chosen>
Result<std::vector<StateReading>> read_rows(const Model& model, ConstMatrixView states, size_t n_top,
                                            const Chosen& chosen, const RunControl& control) {
  constexpr size_t kMaxLogits = size_t{16} << 20;  // of a block of rows: 64 MB
  const auto n_vocab = static_cast<size_t>(model.spec().n_vocab);
  const size_t block = std::clamp<size_t>(kMaxLogits / n_vocab, 1, std::max<size_t>(1, states.rows));
  std::vector<StateReading> readings(states.rows);
  Matrix normed(block, states.cols), logits(block, n_vocab);
  for (size_t begin = 0; begin < states.rows; begin += block) {
    LIMPID_CHECK_OK(control.tick("read", static_cast<double>(begin) / static_cast<double>(states.rows)));
    const size_t count = std::min(block, states.rows - begin);
    const MatrixView x = normed.view().slice_rows(0, count), y = logits.view().slice_rows(0, count);
    apply_norm(model, model.final_norm(), states.slice_rows(begin, count), x);
    model.unembed(x, y);
    const auto n = static_cast<int>(count);
#pragma omp parallel for schedule(dynamic) num_threads(threads())
    for (int r = 0; r < n; ++r) {
      const auto row = static_cast<size_t>(r);
      readings[begin + row] = read_distribution(y.row(row), n_top, chosen(begin + row));
    }
  }
  return readings;
}

}  // namespace

Result<std::vector<StateReading>> read_states(const Model& model, ConstMatrixView states, size_t n_top,
                                              std::span<const int> chosen, const RunControl& control) {
  return read_rows(
      model, states, n_top, [&](size_t) { return chosen; }, control);
}

Result<std::vector<StateReading>> read_states_each(const Model& model, ConstMatrixView states, size_t n_top,
                                                   std::span<const std::vector<int>> chosen,
                                                   const RunControl& control) {
  return read_rows(
      model, states, n_top, [&](size_t row) { return std::span<const int>(chosen[row]); }, control);
}

}  // namespace limpid
