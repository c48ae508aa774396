// Merges of a sentencepiece-type BPE vocabulary, which stores scores instead: in the order in which Hugging
// Face's converter writes them, because the order decides the ids.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace limpid {

/// Two halves for every merge, best merge first. `tokens` are UTF-8; a score belongs to each, and none is
/// NaN.
std::vector<std::string_view> merges_from_scores(std::span<const std::string_view> tokens,
                                                 std::span<const double> scores);

}  // namespace limpid
