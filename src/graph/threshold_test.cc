#include "graph/threshold.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

AttentionShares parts(const std::vector<std::pair<int, std::vector<float>>>& keys, float residual) {
  AttentionShares shares{.residual = residual};
  for (const auto& [key, heads] : keys) {
    KeyShare pair{.key = key};
    for (float importance : heads) {
      pair.heads.push_back({static_cast<int>(pair.heads.size()), importance});
      pair.importance += importance;
    }
    shares.keys.push_back(pair);
  }
  return shares;
}

struct KeepCase {
  const char* what;
  RouteOptions options;
  AttentionShares shares;
  int query;
  KeptAttention expected;
};

// Found by GoogleTest under this name. NOLINTNEXTLINE(readability-identifier-naming)
void PrintTo(const KeepCase& c, std::ostream* out) {
  *out << c.what;
}

class KeepAttention : public testing::TestWithParam<KeepCase> {};

TEST_P(KeepAttention, GivesTheTable) {
  const KeptAttention& expected = GetParam().expected;
  const KeptAttention kept = keep_attention(GetParam().shares, GetParam().query, GetParam().options);
  EXPECT_NEAR(kept.residual, expected.residual, 1e-6);
  EXPECT_NEAR(kept.dropped, expected.dropped, 1e-6);
  ASSERT_EQ(kept.keys.size(), expected.keys.size());
  for (size_t i = 0; i < kept.keys.size(); ++i) {
    const KeptKey &found = kept.keys[i], &wanted = expected.keys[i];
    EXPECT_EQ(found.key, wanted.key);
    EXPECT_NEAR(found.weight, wanted.weight, 1e-6);
    ASSERT_EQ(found.heads.size(), wanted.heads.size());
    for (size_t h = 0; h < found.heads.size(); ++h) {
      EXPECT_EQ(found.heads[h].head, wanted.heads[h].head);
      EXPECT_NEAR(found.heads[h].weight, wanted.heads[h].weight, 1e-6);
    }
  }
}

constexpr RouteOptions parts_above(float threshold) {
  return {.threshold = threshold, .renormalize = true};
}
constexpr RouteOptions groups_above(float threshold) {
  return {.threshold = threshold, .renormalize = false};
}

INSTANTIATE_TEST_SUITE_P(
    All, KeepAttention,
    testing::Values(
        // The constants of the published tool's own test.
        KeepCase{"published",
                 parts_above(0.1f),
                 parts({{0, {0.15f, 0.05f}}}, 0.8f),
                 0,
                 {.keys = {{0, 0.157894f, {{0, 0.157894f}}}}, .residual = 0.842105f, .dropped = 0.05f}},
        KeepCase{"equal to the threshold is dropped",
                 parts_above(0.25f),
                 parts({{0, {0.25f}}, {1, {0.26f}}}, 0.49f),
                 1,
                 {.keys = {{1, 0.346667f, {{0, 0.346667f}}}}, .residual = 0.653333f, .dropped = 0.25f}},
        KeepCase{"heads are judged one by one, then summed",
                 parts_above(0.1f),
                 parts({{0, {0.2f, 0.05f, 0.3f}}, {2, {0.1f, 0.05f, 0}}}, 0.3f),
                 2,
                 {.keys = {{0, 0.625f, {{0, 0.25f}, {2, 0.375f}}}}, .residual = 0.375f, .dropped = 0.2f}},
        KeepCase{"the residual can be dropped",
                 parts_above(0.2f),
                 parts({{0, {0.9f}}}, 0.1f),
                 0,
                 {.keys = {{0, 1, {{0, 1}}}}, .residual = 0, .dropped = 0.1f}},
        KeepCase{"nothing is left", parts_above(0.5f), parts({{0, {0.5f}}}, 0.5f), 0, {.dropped = 1}},
        KeepCase{"threshold 0 drops only parts of 0",
                 parts_above(0),
                 parts({{0, {0, 0.5f}}}, 0.5f),
                 0,
                 {.keys = {{0, 0.5f, {{1, 0.5f}}}}, .residual = 0.5f}},
        KeepCase{"threshold 1 keeps nothing", parts_above(1), parts({{0, {0}}}, 1), 0, {.dropped = 1}},
        KeepCase{"groups: heads are summed first",
                 groups_above(0.1f),
                 parts({{0, {0.06f, 0.06f}}, {1, {0.05f, 0.04f}}, {2, {0, 0}}}, 0.79f),
                 2,
                 {.keys = {{0, 0.12f, {{0, 0.06f}, {1, 0.06f}}}}, .residual = 0.79f, .dropped = 0.09f}},
        KeepCase{"groups: self-attention and residual together",
                 groups_above(0.1f),
                 parts({{0, {0.86f}}, {1, {0.06f}}}, 0.08f),
                 1,
                 {.keys = {{0, 0.86f, {{0, 0.86f}}}, {1, 0.06f, {{0, 0.06f}}}}, .residual = 0.08f}},
        KeepCase{"groups: together but still not above",
                 groups_above(0.25f),
                 parts({{0, {0.75f}}, {1, {0.125f}}}, 0.125f),
                 1,
                 {.keys = {{0, 0.75f, {{0, 0.75f}}}}, .dropped = 0.25f}},
        KeepCase{"groups: another key gets no help from the residual",
                 groups_above(0.25f),
                 parts({{0, {0.2f}}, {1, {0}}}, 0.8f),
                 1,
                 {.residual = 0.8f, .dropped = 0.2f}},
        KeepCase{"groups: nothing is left",
                 groups_above(0.5f),
                 parts({{0, {0.5f}}, {1, {0.25f}}}, 0.25f),
                 1,
                 {.dropped = 1}},
        KeepCase{"groups: threshold 0 makes no edges of weight 0",
                 groups_above(0),
                 parts({{0, {0, 0}}, {1, {0, 1}}}, 0),
                 1,
                 {.keys = {{1, 1, {{0, 0}, {1, 1}}}}}}));

TEST(KeepAttention, DegenerateDropsNothing) {
  const AttentionShares shares{.keys = {{.key = 0, .heads = {{0, 0}}}}, .degenerate = true};
  for (bool renormalize : {true, false}) {
    const KeptAttention kept = keep_attention(shares, 0, {.threshold = 0, .renormalize = renormalize});
    EXPECT_TRUE(kept.empty());
    EXPECT_EQ(kept.dropped, 0);
  }
}

struct KeepFfnCase {
  float threshold;
  bool renormalize;
  FfnShares shares;
  KeptFfn expected;
};

TEST(KeepFfn, GivesTheTable) {
  const KeepFfnCase cases[] = {
      {0.1f, true, {0.3f, 0.7f}, {0.3f, 0.7f, 0}},
      {0.3f, true, {0.3f, 0.7f}, {0, 1, 0.3f}},
      {0.3f, false, {0.3f, 0.7f}, {0, 0.7f, 0.3f}},
      {0.1f, true, {0.95f, 0.05f}, {1, 0, 0.05f}},
      {0.1f, false, {0.95f, 0.05f}, {0.95f, 0, 0.05f}},
      {0.5f, true, {0.5f, 0.5f}, {0, 0, 1}},
      {0.5f, false, {0.5f, 0.5f}, {0, 0, 1}},
      {1, true, {0, 1}, {0, 0, 1}},
      {0, true, {0, 1}, {0, 1, 0}},
      {0, true, {0, 0, true}, {0, 0, 0}},
      {0, false, {0, 0, true}, {0, 0, 0}},
  };
  for (const KeepFfnCase& c : cases) {
    SCOPED_TRACE(testing::Message() << "threshold " << c.threshold << " renormalize " << c.renormalize
                                    << " ffn " << c.shares.ffn);
    const KeptFfn kept = keep_ffn(c.shares, {.threshold = c.threshold, .renormalize = c.renormalize});
    EXPECT_NEAR(kept.ffn, c.expected.ffn, 1e-6);
    EXPECT_NEAR(kept.residual, c.expected.residual, 1e-6);
    EXPECT_NEAR(kept.dropped, c.expected.dropped, 1e-6);
  }
}

}  // namespace
}  // namespace limpid
