#include "tokenizer/score_merges.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

struct Case {
  const char* name;
  std::vector<std::string_view> tokens;
  std::vector<double> scores;
  std::vector<std::string_view> halves;
};

TEST(MergesFromScores, Order) {
  const std::vector<Case> cases = {
      {"nothing to merge", {"a", "b", "xyz"}, {0, 0, 0}, {}},
      {"higher scores first", {"a", "b", "ab", "ba"}, {0, 0, -2, -1}, {"b", "a", "a", "b"}},
      {"a longer left half first, whatever the ids",
       {"a", "aa", "aaa"},
       {0, -1, -1},
       {"aa", "a", "a", "aa", "a", "a"}},
      {"lengths count characters, not bytes",
       {"日", "a", "ab", "b", "日a", "aa"},
       {0, 0, -1, 0, -1, -1},
       {"a", "b", "日", "a", "a", "a"}},
      {"equal in everything: in the order of the tokens",
       {"b", "a", "bb", "ab"},
       {0, 0, -1, -1},
       {"b", "b", "a", "b"}},
      {"an empty token joins nothing", {"", "a", "aa"}, {0, 0, -1}, {"a", "a"}},
  };
  for (const Case& c : cases) EXPECT_EQ(merges_from_scores(c.tokens, c.scores), c.halves) << c.name;
}

}  // namespace
}  // namespace limpid
