#include "analyses/predictions.h"

#include <cmath>
#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(TopPredictions, OrdersByLogitThenId) {
  const std::vector<float> logits = {1, 3, 2, 3};
  const auto top = top_predictions(logits, 3);
  ASSERT_EQ(top.size(), 3u);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 3);
  EXPECT_EQ(top[2].id, 2);
}

TEST(TopPredictions, ProbabilitiesAreASoftmaxOverAllOfTheVocabulary) {
  const std::vector<float> logits = {std::log(1.0f), std::log(2.0f), std::log(5.0f)};
  const auto top = top_predictions(logits, 2);
  EXPECT_NEAR(top[0].probability, 5.0 / 8, 1e-7);
  EXPECT_NEAR(top[1].probability, 2.0 / 8, 1e-7);
}

TEST(TopPredictions, LargeLogitsDoNotOverflow) {
  const std::vector<float> logits = {1e30f, 0, -1e30f};
  EXPECT_EQ(top_predictions(logits, 1)[0].probability, 1.0);
}

TEST(TopPredictions, AskingForMoreThanThereIsGivesAll) {
  const std::vector<float> logits = {0, 1};
  EXPECT_EQ(top_predictions(logits, 10).size(), 2u);
  EXPECT_TRUE(top_predictions({}, 10).empty());
}

TEST(PredictionOf, IsTheSameAsAmongTheTopOnes) {
  const std::vector<float> logits = {1, 3, -2, 3, 0.5f};
  for (const Prediction& p : top_predictions(logits, logits.size())) {
    const Prediction alone = prediction_of(logits, p.id);
    EXPECT_EQ(alone.id, p.id);
    EXPECT_EQ(alone.logit, p.logit);
    EXPECT_EQ(alone.probability, p.probability);
  }
}

}  // namespace
}  // namespace limpid
