#include "analyses/state_reading.h"

#include <cmath>
#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(ReadDistribution, EntropyIsThatOfTheSoftmax) {
  struct Row {
    std::vector<float> logits;
    double entropy;
  };
  const Row rows[] = {{{1, 1, 1, 1}, std::log(4.0)},
                      {{0, -1e30f, -1e30f}, 0},
                      {{1e30f, 0}, 0},
                      {{std::log(3.0f), 0}, 0.75 * std::log(4.0 / 3) + 0.25 * std::log(4.0)},
                      {{7}, 0}};
  for (const Row& row : rows) EXPECT_NEAR(read_distribution(row.logits, 1, {}).entropy, row.entropy, 1e-6);
}

TEST(ReadDistribution, RanksCountLargerLogitsAndEqualOnesWithSmallerIds) {
  const std::vector<float> logits = {2, 5, 2, -1, 5};
  const std::vector<int> ids = {0, 1, 2, 3, 4};
  const StateReading reading = read_distribution(logits, 5, ids);
  const std::vector<size_t> ranks = {2, 0, 3, 4, 1};
  for (size_t i = 0; i < ranks.size(); ++i) {
    EXPECT_EQ(reading.chosen[i].rank, ranks[i]) << i;
    EXPECT_EQ(reading.top[ranks[i]].id, ids[i]) << i;  // the rank is the place in the list
    EXPECT_EQ(reading.chosen[i].logit, logits[i]);
    EXPECT_NEAR(reading.chosen[i].probability, reading.top[ranks[i]].probability, 1e-15);
  }
}

}  // namespace
}  // namespace limpid
