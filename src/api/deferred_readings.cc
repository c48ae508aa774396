#include "api/deferred_readings.h"

#include <algorithm>
#include <array>

#include "analyses/part_reading.h"
#include "analyses/state_reading.h"
#include "api/token_choice.h"

namespace limpid {

namespace {

constexpr size_t kMostRows = 64;  // of logits at a time

Matrix rows_of(size_t n_col, size_t n_row, const auto& row) {
  Matrix matrix(n_row, n_col);
  for (size_t r = 0; r < n_row; ++r) std::ranges::copy(row(r), matrix.row(r).begin());
  return matrix;
}

}  // namespace

void DeferredReadings::read_state(Inspection& out, std::span<const float> state, std::span<const float> below,
                                  size_t n_top) {
  states_[n_top].push_back({&out, state, below});
}

void DeferredReadings::read_part(Inspection& out, std::vector<float> part, int position, size_t n_token) {
  parts_[{position, out.normalize}].push_back({&out, std::move(part), {}, n_token});
}

void DeferredReadings::read_neurons(Inspection& out, Matrix outputs, int position) {
  auto& parts = parts_[{position, out.normalize}];
  for (size_t n = 0; n < outputs.rows(); ++n) {
    const std::span<const float> row = outputs.row(n);
    parts.push_back({&out, {row.begin(), row.end()}, n, 1});
  }
}

Result<NamedPrediction> DeferredReadings::target(int position, const std::string& text) {
  const auto it = targets_.find({position, text});
  if (it != targets_.end()) return it->second;
  const Vocabulary& vocabulary = session_.vocabulary();
  std::vector<int> chosen;
  if (!text.empty()) {
    LIMPID_TRY(chosen.emplace_back(),
               choose_token(vocabulary, session_.model().spec().n_vocab, text, "target"));
  }
  const std::array<int, 1> positions = {position};
  const Matrix row = logits(session_.model(), trace_, positions);
  const StateReading reading = read_distribution(row.row(0), 1, chosen);
  const Prediction found = chosen.empty() ? reading.top.front()
                                          : Prediction{chosen.front(), reading.chosen.front().logit,
                                                       reading.chosen.front().probability};
  return targets_[{position, text}] = {found, vocabulary.piece(found.id)};
}

Status DeferredReadings::finish(const RunControl& control) {
  for (const auto& [n_top, states] : states_) LIMPID_CHECK_OK(finish_states(n_top, states, control));
  states_.clear();
  size_t n_done = 0, n_all = 0;
  for (const auto& [key, parts] : parts_) n_all += parts.size();
  for (auto& [key, parts] : parts_) {
    for (size_t begin = 0; begin < parts.size(); begin += kMostRows) {
      LIMPID_CHECK_OK(control.tick("read", static_cast<double>(n_done) / static_cast<double>(n_all)));
      const size_t count = std::min(kMostRows, parts.size() - begin);
      finish_parts(key.first, key.second, std::span(parts).subspan(begin, count));
      n_done += count;
    }
  }
  parts_.clear();
  return {};
}

Status DeferredReadings::finish_states(size_t n_top, const std::vector<State>& states,
                                       const RunControl& control) const {
  const Model& model = session_.model();
  const auto n_col = static_cast<size_t>(model.spec().d_model);
  const Matrix rows = rows_of(n_col, states.size(), [&](size_t r) { return states[r].state; });
  LIMPID_TRY(const std::vector<StateReading> read, read_states(model, rows.view(), n_top, {}, control));
  std::vector<const State*> above;  // those with a state below
  std::vector<std::vector<int>> ids;
  for (size_t i = 0; i < states.size(); ++i) {
    states[i].out->entropy = read[i].entropy;
    for (const Prediction& p : read[i].top) {
      const size_t rank = states[i].out->predictions.size();
      states[i].out->predictions.push_back({{p, session_.vocabulary().piece(p.id)}, rank, {}});
    }
    if (states[i].below.empty()) continue;
    above.push_back(&states[i]);
    for (auto& of_state = ids.emplace_back(); const Prediction& p : read[i].top) of_state.push_back(p.id);
  }
  const Matrix below = rows_of(n_col, above.size(), [&](size_t r) { return above[r]->below; });
  LIMPID_TRY(const std::vector<StateReading> lower, read_states_each(model, below.view(), 0, ids, control));
  for (size_t i = 0; i < above.size(); ++i) {
    for (size_t t = 0; t < ids[i].size(); ++t)
      above[i]->out->predictions[t].rank_below = lower[i].chosen[t].rank;
  }
  return {};
}

void DeferredReadings::finish_parts(int position, Normalize normalize, std::span<const Part> parts) const {
  const Model& model = session_.model();
  const Matrix rows = rows_of(static_cast<size_t>(model.spec().d_model), parts.size(),
                              [&](size_t r) { return std::span<const float>(parts[r].vector); });
  std::vector<size_t> n_token;
  for (const Part& part : parts) n_token.push_back(part.n_token);
  const auto last = trace_.resid_pre(model.spec().n_layer).row(static_cast<size_t>(position));
  const std::vector<PartScores> scores = read_parts(model, rows.view(), last, normalize, n_token);
  const auto named = [&](const std::vector<IdScore>& tokens) {
    std::vector<TokenScore> with_pieces;
    with_pieces.reserve(tokens.size());
    for (const auto& [id, score] : tokens) with_pieces.push_back({session_.vocabulary().piece(id), score});
    return with_pieces;
  };
  for (size_t r = 0; r < parts.size(); ++r) {
    Inspection& out = *parts[r].out;
    if (parts[r].neuron) {
      out.neurons[*parts[r].neuron].promotes = session_.vocabulary().piece(scores[r].promoted.front().id);
    } else {
      out.reading = {named(scores[r].promoted), named(scores[r].suppressed)};
    }
  }
}

}  // namespace limpid
