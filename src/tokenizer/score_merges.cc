#include "tokenizer/score_merges.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "base/utf8.h"

namespace limpid {
namespace {

using Ids = std::unordered_map<std::string_view, uint32_t>;

struct Merge {
  double score;        // of the joined token
  size_t left_length;  // in characters
  size_t right_length;
  uint32_t left;
  uint32_t right;
};

size_t count_characters(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Every way to split `token` into two tokens, in the order of their ids.
void append_splits(std::string_view token, double score, const Ids& ids, std::vector<Merge>& merges) {
  const size_t first = merges.size();
  const size_t n_character = count_characters(token);
  size_t characters = 1;
  for (size_t at = utf8_length(token); at < token.size(); at += utf8_length(token.substr(at)), ++characters) {
    const auto left = ids.find(token.substr(0, at));
    if (left == ids.end()) continue;
    const auto right = ids.find(token.substr(at));
    if (right == ids.end()) continue;
    merges.push_back({score, characters, n_character - characters, left->second, right->second});
  }
  std::sort(
      merges.begin() + static_cast<std::ptrdiff_t>(first), merges.end(),
      [](const Merge& a, const Merge& b) { return std::pair(a.left, a.right) < std::pair(b.left, b.right); });
}

}  // namespace

std::vector<std::string_view> merges_from_scores(std::span<const std::string_view> tokens,
                                                 std::span<const double> scores) {
  Ids ids;
  ids.reserve(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i) ids.try_emplace(tokens[i], static_cast<uint32_t>(i));

  std::vector<Merge> merges;
  for (size_t i = 0; i < tokens.size(); ++i) append_splits(tokens[i], scores[i], ids, merges);
  std::ranges::stable_sort(merges, [](const Merge& a, const Merge& b) {
    return std::tuple(a.score, a.left_length, a.right_length) >
           std::tuple(b.score, b.left_length, b.right_length);
  });

  std::vector<std::string_view> halves;
  halves.reserve(2 * merges.size());
  for (const Merge& merge : merges) {
    halves.push_back(tokens[merge.left]);
    halves.push_back(tokens[merge.right]);
  }
  return halves;
}

}  // namespace limpid
