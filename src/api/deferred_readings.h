// What inspections read in the vocabulary, put off until there is much of it: the unembedding of many rows
// takes little longer than that of one.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "limpid/inspect.h"

#include "api/session.h"
#include "base/matrix.h"

namespace limpid {

/// Inspections are filled by finish(), and stay where they are until then. One alone is read as it would be
/// without this; the rounding of a row may depend on how many are read with it.
class DeferredReadings {
 public:
  DeferredReadings(const Session& session, const Trace& trace) : session_(session), trace_(trace) {}

  /// Entropy and predictions of a state, and their ranks in the one below (an empty span for embeddings).
  void read_state(Inspection& out, std::span<const float> state, std::span<const float> below, size_t n_top);
  /// What a part at a position promotes and suppresses.
  void read_part(Inspection& out, std::vector<float> part, int position, size_t n_token);
  /// Which token each of out.neurons promotes most. outputs: theirs, [n, d_model]
  void read_neurons(Inspection& out, Matrix outputs, int position);
  /// The token asked for, or the top one, as the position predicts it; at once. Errors: as choose_token.
  Result<NamedPrediction> target(int position, const std::string& text);

  /// Errors: kCancelled.
  Status finish(const RunControl& control);

 private:
  struct State {
    Inspection* out;
    std::span<const float> state, below;
  };
  struct Part {
    Inspection* out;
    std::vector<float> vector;
    std::optional<size_t> neuron;  // its index in out->neurons
    size_t n_token;
  };

  Status finish_states(size_t n_top, const std::vector<State>& states, const RunControl& control) const;
  void finish_parts(int position, Normalize normalize, std::span<const Part> parts) const;

  const Session& session_;
  const Trace& trace_;
  std::map<size_t, std::vector<State>> states_;                   // by n_top
  std::map<std::pair<int, Normalize>, std::vector<Part>> parts_;  // by position
  std::map<std::pair<int, std::string>, NamedPrediction> targets_ = {};
};

}  // namespace limpid
