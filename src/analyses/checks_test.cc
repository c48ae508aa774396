#include "analyses/checks.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace limpid {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Check, KeepsTheWorstAndWhereItIs) {
  Check check = {"name", "description", 0.5};
  check.note(0, 1, 1);
  EXPECT_TRUE(check.ok());
  EXPECT_EQ(check.layer, -1);
  check.note(0.5, 2, 3);
  EXPECT_TRUE(check.ok());
  check.note(0.75, 4, 5);
  check.note(0.6, 6, 7);
  EXPECT_FALSE(check.ok());
  EXPECT_EQ(check.worst, 0.75);
  EXPECT_EQ(check.layer, 4);
  EXPECT_EQ(check.position, 5);
}

TEST(Check, FailsForWhatIsNoNumberWhateverComesAfterIt) {
  Check check = {"name", "description", 1};
  check.note(std::nan(""), 0, 0);
  check.note(0, 0, 1);
  EXPECT_FALSE(check.ok());
}

/// A row of attention of query 2 of 4 tokens, and which of the checks must fail for it.
struct Row {
  const char* name;
  std::vector<float> values;
  size_t window;
  std::vector<float> sinks;
  bool nonnegative, reach, sum;  // ok
};

TEST(CheckAttention, FindsRowsThatAreNone) {
  const Row rows[] = {
      {"sound", {0.25f, 0.25f, 0.5f, 0}, 0, {}, true, true, true},
      {"sound in a window", {0, 0.5f, 0.5f, 0}, 2, {}, true, true, true},
      {"sound with a sink", {0.25f, 0.25f, 0.25f, 0}, 0, {1}, true, true, true},
      {"negative", {-0.25f, 0.75f, 0.5f, 0}, 0, {}, false, true, true},
      {"the future", {0.25f, 0.25f, 0.25f, 0.25f}, 0, {}, true, false, true},
      {"behind the window", {0.25f, 0.25f, 0.5f, 0}, 2, {}, true, false, true},
      {"too little", {0.25f, 0.25f, 0.4999f, 0}, 0, {}, true, true, false},
      {"too much", {0.25f, 0.25f, 0.5001f, 0}, 0, {}, true, true, false},
      {"too much with a sink", {0.25f, 0.25f, 0.5001f, 0}, 0, {1}, true, true, false},
      {"no number", {kNan, 0.5f, 0.5f, 0}, 0, {}, false, true, false},
      {"no number, with a sink", {kNan, 0.5f, 0.5f, 0}, 0, {1}, false, true, false},
      {"no number in the future", {0.25f, 0.25f, 0.5f, kNan}, 0, {}, false, false, false},
  };
  for (const Row& row : rows) {
    AttentionInputs in;
    in.window = row.window;
    in.sinks = row.sinks;
    AttentionChecks checks(4);
    const int query = 2;
    check_attention(in, {&query, 1}, {row.values.data(), 1, 4}, 7, checks);
    EXPECT_EQ(checks.nonnegative.ok(), row.nonnegative) << row.name;
    EXPECT_EQ(checks.reach.ok(), row.reach) << row.name;
    EXPECT_EQ(checks.sum.ok(), row.sum) << row.name;
    EXPECT_EQ(checks.reach.position, row.reach ? -1 : query) << row.name;
  }
}

struct Shares {
  const char* name;
  std::vector<float> parts;
  float residual;
  bool degenerate;
  bool nonnegative, sum;  // ok
};

TEST(CheckShares, FindsWhatIsNoShare) {
  const Shares cases[] = {
      {"sound", {0.25f, 0.5f}, 0.25f, false, true, true},
      {"degenerate", {0, 0}, 0, true, true, true},
      {"negative part", {-0.25f, 1}, 0.25f, false, false, true},
      {"negative residual", {0.25f, 1}, -0.25f, false, false, true},
      {"too much", {0.25f, 0.5f}, 0.25001f, false, true, false},
      {"too little", {0.25f, 0.49999f}, 0.25f, false, true, false},
      {"nothing, unmarked", {0, 0}, 0, false, true, false},
      {"something, marked degenerate", {0.5f, 0}, 0.5f, true, true, false},
      {"no number", {kNan, 0.5f}, 0.5f, false, false, false},
  };
  for (const Shares& c : cases) {
    Check nonnegative = {"", "", 0}, sum = {"", "", 1e-6};
    check_shares(c.parts, c.residual, c.degenerate, 0, 0, nonnegative, sum);
    EXPECT_EQ(nonnegative.ok(), c.nonnegative) << c.name;
    EXPECT_EQ(sum.ok(), c.sum) << c.name;
  }
}

TEST(CheckSum, AllowsOneRoundingOfTheSum) {
  const float a[] = {1, 1}, b[] = {0x1p-24f, 1}, sum[] = {1, 2};
  Check check = {"", "", 0x1p-24};
  check_sum({a, 1, 2}, {b, 1, 2}, {sum, 1, 2}, 0, check);
  EXPECT_TRUE(check.ok());
  const float wrong[] = {1.0f + 0x1p-22f, 2};
  check_sum({a, 1, 2}, {b, 1, 2}, {wrong, 1, 2}, 3, check);
  EXPECT_FALSE(check.ok());
  EXPECT_EQ(check.layer, 3);
}

TEST(CheckSum, FailsForWhatIsNoNumber) {
  const float a[] = {1, kNan}, b[] = {1, 1}, sum[] = {2, 2}, infinite[] = {2, kInfinity};
  for (const float* state : {sum, infinite}) {
    Check check = {"", "", 1};
    check_sum({state == sum ? a : b, 1, 2}, {b, 1, 2}, {state, 1, 2}, 0, check);
    EXPECT_FALSE(check.ok());
  }
}

TEST(CheckFinite, CountsPerToken) {
  const float state[] = {1, 2, 3, kNan, kInfinity, -kInfinity};
  Check check;
  check_finite({state, 2, 3}, 1, 10, check);
  EXPECT_EQ(check.worst, 3);
  EXPECT_EQ(check.position, 11);
}

}  // namespace
}  // namespace limpid
