// Continuing a prompt, token by token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "limpid/token.h"

namespace limpid {

/// How a token is chosen from its logits: they are divided by the temperature, then the k largest are kept,
/// then, of these, the fewest that together have the probability top_p; one of them is drawn.
struct Sampling {
  double temperature = 0;  // 0: the largest logit, and nothing is drawn
  int top_k = 0;           // 0: all
  double top_p = 1;        // above 0
  uint64_t seed = 0;       // the same seed draws the same tokens
};

struct GenerateRequest {
  Prompt prompt;
  size_t max_tokens = 50;
  Sampling sampling = {};
  bool ignore_stop = false;  // goes on behind tokens that end a text
};

enum class StopReason {
  kLength,     // max_tokens were generated
  kStopToken,  // the last token ends a text; it is one of `tokens`, but not in `text`
  kContext,    // the model's context is full
};
/// "length", "stop_token", "context".
const char* name(StopReason reason);

struct GenerateResult {
  std::string model;
  std::vector<Piece> prompt;
  /// What was chosen, with its logit and its probability of all tokens at temperature 1.
  std::vector<NamedPrediction> tokens;
  std::string text;  // valid UTF-8: bytes that form no character stand as U+FFFD
  StopReason stop = StopReason::kLength;
  std::vector<std::string> warnings;
};

}  // namespace limpid
