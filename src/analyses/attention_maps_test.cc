#include "analyses/attention_maps.h"

#include <cmath>
#include <gtest/gtest.h>

namespace limpid {
namespace {

ModelSpec two_by_three() {
  ModelSpec spec;
  spec.n_layer = 2;
  spec.n_head = 3;
  return spec;
}

TEST(ChosenHeads, AreEachOnceInOrder) {
  using Ids = std::vector<HeadId>;
  const struct {
    Ids heads;
    std::vector<int> layers;
    Ids expected;
  } cases[] = {
      {{}, {}, {{0, 0}, {0, 1}, {0, 2}, {1, 0}, {1, 1}, {1, 2}}},
      {{}, {1}, {{1, 0}, {1, 1}, {1, 2}}},
      {{{1, 2}, {0, 1}, {1, 2}}, {}, {{0, 1}, {1, 2}}},
      {{{1, 2}}, {0, 0}, {{0, 0}, {0, 1}, {0, 2}, {1, 2}}},
  };
  for (const auto& c : cases) {
    const auto found = chosen_heads(two_by_three(), {.prompt = {}, .heads = c.heads, .layers = c.layers});
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, c.expected);
  }
}

TEST(ChosenHeads, OutOfRangeNameTheRange) {
  const struct {
    AttentionRequest request;
    const char* message;
  } cases[] = {
      {{.prompt = {}, .heads = {{2, 0}}}, "layer of a head: expected a number from 0 to 1, found 2"},
      {{.prompt = {}, .heads = {{0, 3}}}, "head: expected a number from 0 to 2, found 3"},
      {{.prompt = {}, .heads = {{0, -1}}}, "head: expected a number from 0 to 2, found -1"},
      {{.prompt = {}, .layers = {2}}, "layer: expected a number from 0 to 1, found 2"},
  };
  for (const auto& c : cases) {
    const auto found = chosen_heads(two_by_three(), c.request);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(found.error().message, c.message);
  }
}

TEST(RequireMapMemory, CountsTwoFloatsForEachPairAndHead) {
  constexpr size_t kMostPairs = kMaxMapBytes / 8;
  EXPECT_TRUE(require_map_memory(1, kMostPairs).has_value());
  EXPECT_FALSE(require_map_memory(1, kMostPairs + 1).has_value());
  EXPECT_TRUE(require_map_memory(1024, kMostPairs >> 20).has_value());
  const auto many = require_map_memory(1024, (kMostPairs >> 20) + 1);
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().code, ErrorCode::kOutOfMemory);
  EXPECT_NE(many.error().hint.find("at most 16 heads"), std::string::npos) << many.error().hint;
  const auto one = require_map_memory(10'000, 1);
  ASSERT_FALSE(one.has_value());
  EXPECT_NE(one.error().hint.find("up to 4096 tokens"), std::string::npos) << one.error().hint;
  EXPECT_TRUE(require_map_memory(4096, 1).has_value());
  EXPECT_FALSE(require_map_memory(4097, 1).has_value());
}

TEST(Summarise, MeansLeaveOutTheFirstQueryWhereKeysAreCompared) {
  const HeadMap map = {
      {}, {1, 0, 0, 0.5f, 0.5f, 0, 0.25f, 0.5f, 0.25f}, {0.5f, 0, 0, 0.25f, 0, 0, 0, 0, 0.125f}};
  const HeadSummary found = summarise(map, 3);
  EXPECT_DOUBLE_EQ(found.first, 0.375);
  EXPECT_DOUBLE_EQ(found.self, 0.375);
  EXPECT_DOUBLE_EQ(found.first_contribution, 0.125);
  EXPECT_DOUBLE_EQ(found.contribution, 0.875 / 3);
  EXPECT_DOUBLE_EQ(found.entropy, (std::log(2.0) + 1.5 * std::log(2.0)) / 2);
}

TEST(Summarise, OfOneToken) {
  const HeadSummary found = summarise({{}, {1}, {0.25f}}, 1);
  EXPECT_EQ(found.first, 1);
  EXPECT_EQ(found.self, 1);
  EXPECT_EQ(found.first_contribution, 0.25);
  EXPECT_EQ(found.contribution, 0.25);
  EXPECT_EQ(found.entropy, 0);
}

}  // namespace
}  // namespace limpid
