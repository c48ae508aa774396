// What components of a run computed, as rows that another run can take in their place.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <utility>

#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// Places of a run whose rows, one for each token, can be replaced.
enum class Place { kEmbed, kHeads, kMid, kNeurons, kFfn, kPost };

/// Rows are computed when first asked for, and kept. Not for use from several threads at once.
class RunValues {
 public:
  RunValues(const Model& model, std::shared_ptr<const Trace> trace)
      : model_(model), trace_(std::move(trace)) {}

  const Trace& trace() const { return *trace_; }
  /// [n_tok, width]: of heads, their outputs before W_O side by side, with what the value bias gives; of the
  /// FFN what it adds to the stream; of neurons, their activations (not of mixtures).
  std::shared_ptr<const Matrix> rows(Place place, int layer);
  /// Their mean over all tokens. [1, width]
  std::shared_ptr<const Matrix> mean(Place place, int layer);

 private:
  Matrix compute(Place place, int layer) const;

  const Model& model_;
  std::shared_ptr<const Trace> trace_;
  std::map<std::pair<Place, int>, std::shared_ptr<const Matrix>> rows_, means_;
};

}  // namespace limpid
