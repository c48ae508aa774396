// Roles of heads: how much each head of a model does what heads of a known kind do (docs/heads.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "limpid/attention.h"

namespace limpid {

enum class HeadRole {
  kPrevious,   // attends to the token before
  kDuplicate,  // to the same token, earlier
  kInduction,  // to the token that came after the same token, earlier
  kFirst,      // to the first token
  kCurrent,    // to itself
  kSubword,    // to earlier pieces of the same word, and not to the word before
};
inline constexpr std::array kHeadRoles = {HeadRole::kPrevious, HeadRole::kDuplicate, HeadRole::kInduction,
                                          HeadRole::kFirst,    HeadRole::kCurrent,   HeadRole::kSubword};

/// "previous", "duplicate", "induction", "first", "current", "subword".
const char* name(HeadRole role);

struct HeadsRequest {
  uint64_t seed = 1;
  int length = 50;  // random tokens, which then come once more
  int samples = 4;
};

struct RoleScore {
  double score = 0;         // 0 to 1, mean over samples
  double error = 0;         // standard error of that mean; 0 of a single sample
  double contribution = 0;  // mean importance share of the head along the pairs that the score is about
};

struct HeadScores {
  HeadId id;
  std::vector<RoleScore> scores = {};  // of HeadsResult::roles
};

/// One of the sequences that were run.
struct HeadsSample {
  bool random = true;  // random tokens, twice; else a text of long words
  std::vector<int> ids = {};
};

struct HeadsResult {
  std::string model;
  int n_layer = 0;
  int n_head = 0;
  HeadsRequest request = {};           // as run: the length may have been cut
  std::vector<HeadRole> roles = {};    // those measured
  std::vector<HeadScores> heads = {};  // of all heads, by layer and head
  std::vector<HeadsSample> samples = {};
  std::vector<std::string> warnings = {};
};

}  // namespace limpid
