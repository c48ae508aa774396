// The lists of tokenizer.ggml.*, checked: every list has one entry per token, every text is UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checkpoint/metadata.h"

namespace limpid {

enum class TokenType { kNormal = 1, kUnknown = 2, kControl = 3, kUserDefined = 4, kUnused = 5, kByte = 6 };

/// Views point into the metadata.
struct GgufVocabulary {
  std::vector<std::string_view> tokens;
  std::span<const double> scores;  // one per token, none NaN; empty when the file has none
  std::span<const int64_t> types;  // TokenType, one per token; empty when the file has none
  std::span<const std::string> merges;

  /// kNormal for a number that TokenType does not have.
  TokenType type(size_t token) const;
};

/// Errors: kCorrupt.
Result<GgufVocabulary> read_gguf_vocabulary(const Metadata& metadata, std::string_view origin);

/// A token id such as tokenizer.ggml.bos_token_id; nullopt when absent. Errors: kCorrupt when it is outside
/// the vocabulary.
Result<std::optional<int>> read_token_id(const Metadata& metadata, std::string_view key, size_t n_token,
                                         std::string_view origin);

/// Two halves for every "left right". Errors: kCorrupt.
Result<std::vector<std::string_view>> split_merges(std::span<const std::string> merges,
                                                   std::string_view origin);

}  // namespace limpid
