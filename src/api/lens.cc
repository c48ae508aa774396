#include <algorithm>
#include <fmt/format.h>
#include <numeric>
#include <unordered_map>

#include "analyses/state_reading.h"
#include "api/ask.h"
#include "attribution/gather.h"

namespace limpid {

namespace {

constexpr size_t kMostPredictions = 10'000'000;  // in one grid; each takes some hundred bytes

ConstMatrixView states_of(const Trace& trace, StateKind kind, int layer) {
  switch (kind) {
    case StateKind::kPre:
      return trace.resid_pre(layer);
    case StateKind::kMid:
      return trace.layer(layer).resid_mid.view();
    case StateKind::kPost:
      return trace.layer(layer).resid_post.view();
  }
  return {};
}

/// Pieces by id: the same few tokens fill a grid.
class Names {
 public:
  explicit Names(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  const Piece& operator()(int id) {
    const auto it = pieces_.find(id);
    return it != pieces_.end() ? it->second : pieces_.emplace(id, vocabulary_.piece(id)).first->second;
  }

 private:
  const Vocabulary& vocabulary_;
  std::unordered_map<int, Piece> pieces_;
};

/// Ascending, each once.
Result<std::vector<int>> resolve_positions(const LensRequest& request, size_t n_tok) {
  std::vector<int> positions;
  for (const int position : request.positions) {
    LIMPID_TRY(positions.emplace_back(), resolve_position(position, n_tok));
  }
  if (request.positions.empty()) {
    positions.resize(n_tok);
    std::iota(positions.begin(), positions.end(), 0);
  }
  std::ranges::sort(positions);
  positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
  return positions;
}

Status check(const ModelSpec& spec, size_t n_tok, const LensRequest& request) {
  for (const int id : request.chosen) {
    if (id >= 0 && id < spec.n_vocab) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("lens: expected ids from 0 to {}, found {}", spec.n_vocab - 1, id));
  }
  const size_t n_cell = n_tok * static_cast<size_t>(spec.n_layer);
  if (n_cell * (request.n_predictions + request.chosen.size()) <= kMostPredictions) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("lens: expected at most {} predictions in the grid, found {} cells with {} each",
                          kMostPredictions, n_cell, request.n_predictions + request.chosen.size()),
              "a shorter prompt, or fewer predictions a cell");
}

}  // namespace

const char* name(StateKind kind) {
  switch (kind) {
    case StateKind::kPre:
      return "pre";
    case StateKind::kMid:
      return "mid";
    case StateKind::kPost:
      return "post";
  }
  return "";
}

Result<LensResult> Session::lens(const Trace& trace, const LensRequest& request,
                                 const RunControl& control) const {
  const ModelSpec& spec = model_->spec();
  LensResult result;
  result.model = name_;
  result.state = request.state;
  LIMPID_TRY(result.positions, resolve_positions(request, trace.n_tok()));
  LIMPID_CHECK_OK(check(spec, result.positions.size(), request));
  LIMPID_TRY(result.tokens, vocabulary_->pieces(trace.ids));
  Names name_of(*vocabulary_);
  for (const int id : request.chosen) result.chosen.push_back(name_of(id));
  for (int l = 0; l < spec.n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("lens", static_cast<double>(l) / spec.n_layer));
    LIMPID_TRY(const std::vector<StateReading> readings,
               read_states(*model_, gather_rows(states_of(trace, request.state, l), result.positions).view(),
                           request.n_predictions, request.chosen));
    auto& row = result.rows.emplace_back();
    for (const StateReading& reading : readings) {
      LensCell& cell = row.emplace_back();
      for (const Prediction& p : reading.top) cell.top.push_back({p, name_of(p.id)});
      cell.entropy = reading.entropy;
      cell.chosen = reading.chosen;
    }
  }
  return result;
}

Result<LensResult> Session::lens(const LensRequest& request, const RunControl& control) const {
  return ask_of_prompt(*this, request.prompt, control,
                       [&](const Trace& trace) { return lens(trace, request, control); });
}

}  // namespace limpid
