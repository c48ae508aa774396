// The logit lens: what every state of a run would predict, if it were the last one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "limpid/token.h"

namespace limpid {

/// Which of a layer's states is read: the one it starts from, the one after attention, the one after the FFN.
enum class StateKind { kPre, kMid, kPost };

struct LensRequest {
  Prompt prompt;
  StateKind state = StateKind::kPost;
  size_t n_predictions = 5;
  std::vector<int> positions = {};  // empty: all; negative ones count from the end
  std::vector<int> chosen = {};     // ids whose rank is told in every cell
};

/// One token in the distribution of one state.
struct TokenReading {
  float logit = 0;
  double probability = 0;
  size_t rank =
      0;  // 0 is the top one; the number of tokens with a larger logit, or an equal one and a smaller id
};

struct LensCell {
  std::vector<NamedPrediction> top = {};
  double entropy = 0;                     // of the distribution, in nats
  std::vector<TokenReading> chosen = {};  // of LensRequest::chosen
};

struct LensResult {
  std::string model;
  StateKind state = StateKind::kPost;
  std::vector<Piece> tokens;   // of the whole prompt
  std::vector<int> positions;  // of the columns, ascending
  std::vector<Piece> chosen;
  /// rows[l][i]: layer l at positions[i], the lowest layer first. [n_layer][positions.size()]
  std::vector<std::vector<LensCell>> rows;
  std::vector<std::string> warnings;
};

/// "pre", "mid", "post".
const char* name(StateKind kind);

}  // namespace limpid
