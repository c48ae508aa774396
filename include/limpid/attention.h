// Attention and contributions of heads, over all pairs of tokens.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "limpid/token.h"

namespace limpid {

/// A head of a layer, "5.1".
struct HeadId {
  int layer = 0;
  int head = 0;

  auto operator<=>(const HeadId&) const = default;
};

/// Heads and layers together; neither: all heads.
struct AttentionRequest {
  Prompt prompt;
  std::vector<HeadId> heads = {};
  std::vector<int> layers = {};  // of these all heads
};

/// A head's maps in few numbers: means over queries. What compares keys leaves out the first query, which has
/// no choice, unless it is the only one.
struct HeadSummary {
  double entropy = 0;             // of the attention row, in nats
  double first = 0;               // attention on the first token
  double first_contribution = 0;  // contribution of the first token
  double self = 0;                // attention on the query itself
  double contribution = 0;        // of all keys: the head's share of a state; over all queries
};

/// Row q, column k: of the query at position q and the key at position k. 0 where k > q.
struct HeadMap {
  HeadId id;
  /// Share of the query's attention, rows sum to 1 (less with sinks). [n_tok * n_tok]
  std::vector<float> attention;
  /// Share of resid_mid of the query (docs/method.md). [n_tok * n_tok]
  std::vector<float> contribution;
  HeadSummary summary = {};
};

struct AttentionResult {
  std::string model;
  std::vector<Piece> tokens;
  std::vector<HeadMap> heads;  // by layer and head
  std::vector<std::string> warnings;

  size_t n_tok() const { return tokens.size(); }
};

}  // namespace limpid
