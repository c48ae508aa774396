// What heads are tested on: random tokens that come twice, and a text of words that tokenizers split.
//
// Only std::mt19937_64 and integer arithmetic, which give the same numbers everywhere.
#pragma once

#include <random>
#include <span>
#include <string>
#include <vector>

#include "limpid/heads.h"
#include "limpid/token.h"

namespace limpid {

/// A sequence, and what is known of its tokens.
struct HeadProbe {
  std::vector<int> ids = {};
  size_t period = 0;                    // random tokens: token q is token q - period again; 0: a text
  size_t begin = 0;                     // the first random token, after BOS
  std::vector<size_t> word_begin = {};  // of a text: the first piece of each token's word
};

/// `prefix` (BOS, or nothing), then `length` different ids of `eligible`, twice. CHECKs that there are as
/// many.
HeadProbe random_probe(std::mt19937_64& random, std::span<const int> eligible, std::span<const int> prefix,
                       size_t length);

/// "The photosynthesis and the ...": long words in random order.
std::string long_word_text(std::mt19937_64& random);

/// For each piece where its word begins: a piece that begins with a letter, behind one that ends with a
/// letter, goes on with its word.
std::vector<size_t> word_begins(std::span<const Piece> pieces);

/// The keys [begin, end) that a query's attention is summed over.
struct KeyRange {
  size_t query = 0;
  size_t begin = 0;
  size_t end = 0;
};

/// A role's score is the mean attention inside, less the mean outside. Queries ascend.
struct RolePairs {
  std::vector<KeyRange> inside = {};
  std::vector<KeyRange> outside = {};
};

/// The pairs of a role on a sequence (docs/heads.md); none where it says nothing about the role.
RolePairs role_pairs(HeadRole role, const HeadProbe& probe);

}  // namespace limpid
