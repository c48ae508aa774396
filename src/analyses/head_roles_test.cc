#include "analyses/head_roles.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

namespace limpid {
namespace {

/// x, as BOS, then a b c a b c.
HeadProbe repeated() {
  return {.ids = {0, 4, 5, 6, 4, 5, 6}, .period = 3, .begin = 1};
}

/// a b c a b c
HeadProbe without_prefix() {
  return {.ids = {4, 5, 6, 4, 5, 6}, .period = 3};
}

/// x, a word of three pieces, one of one, one of two.
HeadProbe text() {
  return {.ids = {0, 4, 5, 6, 7, 8, 9}, .word_begin = {0, 1, 1, 1, 4, 5, 5}};
}

/// Every query attends to key_of(query) with `share`, and to itself with what is left.
template <class KeyOf>
Matrix attention_to(size_t n_tok, float share, KeyOf&& key_of) {
  Matrix rows(n_tok, n_tok);
  for (size_t q = 0; q < n_tok; ++q) {
    rows.row(q)[q] = 1;
    const int key = key_of(static_cast<int>(q));
    if (key < 0 || key >= static_cast<int>(q)) continue;
    rows.row(q)[static_cast<size_t>(key)] = share;
    rows.row(q)[q] = 1 - share;
  }
  return rows;
}

double score(HeadRole role, const HeadProbe& probe, const Matrix& rows) {
  const RolePairs pairs = role_pairs(role, probe);
  PairSums sums(pairs);
  sums.add_attention(0, rows.rows(), [&](size_t r, size_t key) { return rows.row(r)[key]; });
  return sums.measure().score;
}

TEST(RoleScores, OfHeadsThatDoOneThing) {
  const auto previous = [](int q) { return q - 1; };
  const auto duplicate = [](int q) { return q >= 4 ? q - 3 : -1; };
  const auto induction = [](int q) { return q >= 4 ? q - 2 : -1; };
  const auto first = [](int) { return 0; };
  const auto none = [](int) { return -1; };
  const struct {
    Matrix rows;
    HeadRole role;
    double expected;
  } cases[] = {
      {attention_to(7, 0.75f, previous), HeadRole::kPrevious, 0.75},
      {attention_to(7, 0.75f, previous), HeadRole::kCurrent, 0.25},
      {attention_to(7, 0.75f, previous), HeadRole::kFirst, 0},
      {attention_to(7, 0.75f, previous), HeadRole::kInduction, 0},
      {attention_to(7, 0.75f, duplicate), HeadRole::kDuplicate, 0.75},
      {attention_to(7, 0.75f, duplicate), HeadRole::kInduction, 0},
      {attention_to(7, 0.75f, induction), HeadRole::kInduction, 0.75},
      {attention_to(7, 0.75f, induction), HeadRole::kDuplicate, 0},
      {attention_to(7, 0.75f, first), HeadRole::kFirst, 0.75},
      {attention_to(7, 0.75f, first), HeadRole::kPrevious, 0},
      {attention_to(7, 0.75f, none), HeadRole::kCurrent, 1},
  };
  for (const auto& c : cases) {
    EXPECT_DOUBLE_EQ(score(c.role, repeated(), c.rows), c.expected) << name(c.role) << " " << (&c - cases);
  }
}

TEST(RoleScores, SubwordsAreWhatAHeadDoesWithinWordsOnly) {
  const auto previous = [](int q) { return q - 1; };
  const auto within = [](int q) { return q == 2 || q == 3 ? 1 : q == 6 ? 5 : -1; };
  EXPECT_DOUBLE_EQ(score(HeadRole::kSubword, text(), attention_to(7, 0.75f, previous)), 0);
  EXPECT_DOUBLE_EQ(score(HeadRole::kSubword, text(), attention_to(7, 0.75f, within)), 0.75);
  const auto one_of_three = [](int q) { return q == 6 ? 5 : -1; };
  EXPECT_DOUBLE_EQ(score(HeadRole::kSubword, text(), attention_to(7, 0.75f, one_of_three)), 0.25);
}

TEST(RolePairs, WithoutPrefixNoPairHasTheFirstTokenAsDuplicate) {
  const RolePairs duplicate = role_pairs(HeadRole::kDuplicate, without_prefix());
  ASSERT_EQ(duplicate.inside.size(), 2u);
  EXPECT_EQ(duplicate.inside[0].query, 4u);
  EXPECT_EQ(duplicate.inside[0].begin, 1u);
  EXPECT_EQ(role_pairs(HeadRole::kDuplicate, repeated()).inside.size(), 3u);
  const RolePairs induction = role_pairs(HeadRole::kInduction, without_prefix());
  ASSERT_EQ(induction.inside.size(), 3u);
  EXPECT_EQ(induction.inside[0].begin, 1u);
}

TEST(RolePairs, ASequenceSaysNothingAboutRolesOfTheOtherKind) {
  for (const HeadRole role : kHeadRoles) {
    EXPECT_EQ(role_pairs(role, text()).inside.empty(), role != HeadRole::kSubword) << name(role);
    EXPECT_EQ(role_pairs(role, repeated()).inside.empty(), role == HeadRole::kSubword) << name(role);
  }
}

TEST(PairSums, BlocksOfQueriesGiveTheSameAsAllAtOnce) {
  const HeadProbe probe = text();
  Matrix rows(7, 7);
  for (size_t q = 0; q < 7; ++q) {
    for (size_t k = 0; k <= q; ++k) rows.row(q)[k] = static_cast<float>(q * 7 + k) / 64;
  }
  const RolePairs pairs = role_pairs(HeadRole::kSubword, probe);
  PairSums blocks(pairs);
  for (const size_t begin : {0, 3, 6}) {
    const size_t n = begin == 6 ? 1 : 3;
    const auto at = [&](size_t r, size_t key) { return rows.row(begin + r)[key]; };
    blocks.add_attention(begin, n, at);
    blocks.add_contribution(begin, n, at);
  }
  EXPECT_DOUBLE_EQ(blocks.measure().score, score(HeadRole::kSubword, probe, rows));
  // Of 2 at 1, of 3 at 1 and 2, of 6 at 5.
  EXPECT_DOUBLE_EQ(blocks.measure().contribution, (15.0 + 22 + 23 + 47) / 64 / 3);
}

TEST(OverSamples, IsTheMeanAndItsStandardError) {
  const RoleMeasure samples[] = {{0.25, 0.5}, {0.75, 0.25}};
  const RoleScore two = over_samples(samples);
  EXPECT_DOUBLE_EQ(two.score, 0.5);
  EXPECT_DOUBLE_EQ(two.error, 0.25);  // sqrt(0.125 / 1 / 2)
  EXPECT_DOUBLE_EQ(two.contribution, 0.375);
  EXPECT_EQ(over_samples(std::span(samples).first(1)).error, 0);
  const RoleMeasure negative[] = {{-0.5, 0}};
  EXPECT_EQ(over_samples(negative).score, 0);
}

TEST(RandomProbe, IsAPrefixAndDifferentTokensTwice) {
  std::mt19937_64 random(1);
  const std::vector<int> eligible = {10, 11, 12, 13, 14};
  const std::vector<int> prefix = {1};
  std::set<std::vector<int>> seen;
  for (int i = 0; i < 20; ++i) {
    const HeadProbe probe = random_probe(random, eligible, prefix, 4);
    ASSERT_EQ(probe.ids.size(), 9u);
    EXPECT_EQ(probe.ids[0], 1);
    EXPECT_EQ(probe.begin, 1u);
    EXPECT_EQ(probe.period, 4u);
    const std::set<int> once(probe.ids.begin() + 1, probe.ids.begin() + 5);
    EXPECT_EQ(once.size(), 4u);
    EXPECT_TRUE(std::ranges::all_of(once, [](int id) { return id >= 10 && id <= 14; }));
    EXPECT_TRUE(std::equal(probe.ids.begin() + 1, probe.ids.begin() + 5, probe.ids.begin() + 5));
    seen.insert(probe.ids);
  }
  EXPECT_GT(seen.size(), 15u);  // of 120 orders
}

TEST(WordBegins, AreWhereLettersFollowNoLetters) {
  const auto piece = [](const char* bytes, bool special = false) {
    Piece p;
    p.bytes = bytes;
    p.special = special;
    return p;
  };
  const std::vector<Piece> pieces = {piece("<s>", true), piece("The"), piece(" photo"),  piece("syn"),
                                     piece("thesis"),    piece(","),   piece(" "),       piece("a"),
                                     piece("b"),         piece("'s"),  piece("x", true), piece("y"),
                                     piece(""),          piece("z")};
  EXPECT_EQ(word_begins(pieces), (std::vector<size_t>{0, 1, 2, 2, 2, 5, 6, 7, 7, 9, 10, 11, 12, 13}));
  EXPECT_TRUE(word_begins({}).empty());
}

TEST(LongWordText, IsOfDifferentWords) {
  std::mt19937_64 random(1);
  const std::string text = long_word_text(random);
  EXPECT_TRUE(text.starts_with("The "));
  EXPECT_NE(text, long_word_text(random));
}

}  // namespace
}  // namespace limpid
