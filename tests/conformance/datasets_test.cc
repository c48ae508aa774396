// Datasets of the default model: the tokenizer's own ids, and answers that the model gives.
#include <algorithm>
#include <gtest/gtest.h>

#include "golden.h"

#include "api/dataset.h"

namespace limpid {
namespace {

const Session& default_model() {
  static const Session session = golden::open("");
  return session;
}

std::vector<int> encode(const std::string& text) {
  std::vector<std::string> warnings;
  return default_model().vocabulary().encode({.text = text}, warnings).value();
}

DatasetResult dataset(const DatasetRequest& request) {
  auto result = default_model().dataset(request);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return *std::move(result);
}

class DefaultModelDatasets : public ::testing::TestWithParam<DatasetKind> {};

TEST_P(DefaultModelDatasets, AreAsTheTokenizerCutsThem) {
  const DatasetResult made = dataset({.kind = GetParam(), .count = 200});
  EXPECT_EQ(made.examples.size(), 200);
  for (const DatasetExample& e : made.examples) {
    SCOPED_TRACE(e.prompt);
    EXPECT_EQ(e.ids.size(), e.counterfactual_ids.size());
    if (GetParam() == DatasetKind::kInduction) continue;  // its text may be cut into other tokens
    EXPECT_EQ(e.ids, encode(e.prompt));
    EXPECT_EQ(e.counterfactual_ids, encode(e.counterfactual));
    for (const auto& [text, id] : {std::pair(e.target, e.target_id), std::pair(e.versus, e.versus_id)}) {
      std::vector<int> longer = e.ids;
      longer.push_back(id);
      EXPECT_EQ(longer, encode(e.prompt + text));
    }
  }
}

TEST_P(DefaultModelDatasets, HaveNoMoreThanTheCheckedOnesRight) {
  const DatasetRequest request = {.kind = GetParam(), .count = 20, .seed = 5};
  DatasetRequest checked = request;
  checked.check = true;
  const DatasetResult right = dataset(checked);
  EXPECT_EQ(right.examples.size(), 20);
  // The first prompts of the same seed, less those that were answered wrong.
  const DatasetResult all = dataset({.kind = GetParam(), .count = right.n_run, .seed = 5});
  auto next = all.examples.begin();
  for (const DatasetExample& e : right.examples) {
    next = std::find_if(next, all.examples.end(), [&](const DatasetExample& o) { return o.ids == e.ids; });
    ASSERT_NE(next, all.examples.end()) << e.prompt;
    ASSERT_TRUE(e.answer.has_value());
    EXPECT_GT(e.answer->probability_difference, 0);
    if (e.targets.size() + e.versuses.size() == 2) {
      EXPECT_GT(e.answer->logit_difference, 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DefaultModelDatasets, ::testing::ValuesIn(kDatasetKinds),
                         [](const auto& param) {
                           std::string kind = name(param.param);
                           std::ranges::replace(kind, '-', '_');
                           return kind;
                         });

TEST(DefaultModelDatasets, TheModelKnowsIndirectObjects) {
  const DatasetResult right = dataset({.count = 146, .check = true});
  EXPECT_EQ(right.examples.size(), 146);
  EXPECT_TRUE(right.warnings.empty());
  // A coin would need about 292, and fewer than 200 only once in 10^10 times.
  EXPECT_LT(right.n_run, 200);
}

}  // namespace
}  // namespace limpid
