#include "tokenizer/gguf_vocabulary.h"

#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <variant>

#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr std::string_view kTokens = "tokenizer.ggml.tokens";
constexpr std::string_view kScores = "tokenizer.ggml.scores";
constexpr std::string_view kTypes = "tokenizer.ggml.token_type";
constexpr std::string_view kMerges = "tokenizer.ggml.merges";

/// A list of the metadata; empty when it is absent or has no entries.
template <class T>
Result<std::span<const T>> read_list(const Metadata& metadata, std::string_view key,
                                     std::string_view origin) {
  const MetadataValue* value = metadata.find(key);
  if (value == nullptr) return std::span<const T>();
  const auto is_empty = [](const auto& list) {
    if constexpr (requires { list.size(); }) return list.empty();
    return false;
  };
  if (std::visit(is_empty, *value)) return std::span<const T>();
  if (const auto* list = std::get_if<std::vector<T>>(value)) return std::span<const T>(*list);
  return corrupt(origin, fmt::format("metadata '{}': expected a list of {}, found something else", key,
                                     std::is_same_v<T, std::string> ? "strings" : "numbers"));
}

Status check_length(std::string_view key, size_t found, size_t n_token, std::string_view origin) {
  if (found == 0 || found == n_token) return {};
  return corrupt(origin, fmt::format("metadata '{}': expected {} entries, one per token, found {}", key,
                                     n_token, found));
}

Result<std::vector<std::string_view>> read_tokens(const Metadata& metadata, std::string_view origin) {
  LIMPID_TRY(const auto strings, read_list<std::string>(metadata, kTokens, origin));
  if (strings.empty())
    return corrupt(origin, fmt::format("metadata '{}': expected tokens, found none", kTokens));
  if (strings.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return corrupt(origin, fmt::format("metadata '{}': too many tokens, {}", kTokens, strings.size()));
  }
  std::vector<std::string_view> tokens(strings.begin(), strings.end());
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (is_utf8(tokens[i])) continue;
    return corrupt(origin,
                   fmt::format("metadata '{}': token {} is not UTF-8: {}", kTokens, i, quote(tokens[i])));
  }
  return tokens;
}

}  // namespace

TokenType GgufVocabulary::type(size_t token) const {
  if (types.empty() || types[token] < 1 || types[token] > 6) return TokenType::kNormal;
  return static_cast<TokenType>(types[token]);
}

Result<GgufVocabulary> read_gguf_vocabulary(const Metadata& metadata, std::string_view origin) {
  GgufVocabulary result;
  LIMPID_TRY(result.tokens, read_tokens(metadata, origin));
  LIMPID_TRY(result.scores, read_list<double>(metadata, kScores, origin));
  LIMPID_TRY(result.types, read_list<int64_t>(metadata, kTypes, origin));
  LIMPID_TRY(result.merges, read_list<std::string>(metadata, kMerges, origin));
  LIMPID_CHECK_OK(check_length(kScores, result.scores.size(), result.tokens.size(), origin));
  LIMPID_CHECK_OK(check_length(kTypes, result.types.size(), result.tokens.size(), origin));
  for (size_t i = 0; i < result.scores.size(); ++i) {
    if (std::isnan(result.scores[i])) {
      return corrupt(origin, fmt::format("metadata '{}': the score of token {} is not a number", kScores, i));
    }
  }
  return result;
}

Result<std::optional<int>> read_token_id(const Metadata& metadata, std::string_view key, size_t n_token,
                                         std::string_view origin) {
  LIMPID_TRY(const std::optional<int64_t> id, metadata.get_int(key));
  if (!id) return std::nullopt;
  if (*id < 0 || static_cast<uint64_t>(*id) >= n_token) {
    return corrupt(origin,
                   fmt::format("metadata '{}': expected an id below {}, found {}", key, n_token, *id));
  }
  return static_cast<int>(*id);
}

Result<std::vector<std::string_view>> split_merges(std::span<const std::string> merges,
                                                   std::string_view origin) {
  std::vector<std::string_view> halves;
  halves.reserve(2 * merges.size());
  for (const std::string& merge : merges) {
    // A first character that is a space belongs to the left half.
    const size_t space = merge.find(' ', 1);
    if (space == std::string::npos || space + 1 == merge.size()) {
      return corrupt(origin,
                     fmt::format("metadata '{}': expected two tokens with a space between them, found {}",
                                 kMerges, quote(merge)));
    }
    halves.push_back(std::string_view(merge).substr(0, space));
    halves.push_back(std::string_view(merge).substr(space + 1));
  }
  return halves;
}

}  // namespace limpid
