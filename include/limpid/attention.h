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

struct AttentionRequest {
  Prompt prompt;
  std::vector<HeadId> heads = {};  // empty: all of `layers`
  std::vector<int> layers = {};    // of all heads; empty: all
};

/// Row q, column k: of the query at position q and the key at position k. 0 where k > q.
struct HeadMap {
  HeadId id;
  /// Share of the query's attention, rows sum to 1 (less with sinks). [n_tok * n_tok]
  std::vector<float> attention;
  /// Share of resid_mid of the query (docs/method.md). [n_tok * n_tok]
  std::vector<float> contribution;
};

struct AttentionResult {
  std::string model;
  std::vector<Piece> tokens;
  std::vector<HeadMap> heads;
  std::vector<std::string> warnings;

  size_t n_tok() const { return tokens.size(); }
};

}  // namespace limpid
