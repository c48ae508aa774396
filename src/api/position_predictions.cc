#include "api/position_predictions.h"

#include "analyses/state_reading.h"

namespace limpid {

Result<std::vector<std::vector<NamedPrediction>>> position_predictions(const Session& session,
                                                                       const Trace& trace, size_t n,
                                                                       const RunControl& control) {
  const int n_layer = session.model().spec().n_layer;
  LIMPID_TRY(const std::vector<StateReading> readings,
             read_states(session.model(), trace.resid_pre(n_layer), n, {}, control));
  std::vector<std::vector<NamedPrediction>> predictions;
  predictions.reserve(readings.size());  // they are kept: no room to spare
  for (const StateReading& reading : readings) {
    auto& named = predictions.emplace_back();
    named.reserve(reading.top.size());
    for (const Prediction& p : reading.top) named.push_back({p, session.vocabulary().piece(p.id)});
  }
  return predictions;
}

}  // namespace limpid
