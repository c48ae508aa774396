#include "tokenizer/pre_tokenizers.h"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

#include "tokenizer/goldens_test.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

/// unsplit.gguf has tokens across every boundary that a pre-tokenizer draws, so a wrong split changes the
/// ids.
TEST(PreTokenizers, GiveTheIdsOfHuggingFace) {
  std::ifstream file(LIMPID_TESTDATA "/tokenizers/pre_tokenizers.goldens.json");
  const Json goldens = Json::parse(file);
  const auto texts = goldens.at(0).get<std::vector<std::string>>();
  Checkpoint checkpoint = test::tokenizer_checkpoint("unsplit.gguf");

  std::set<std::string> covered;
  for (size_t group = 1; group < goldens.size(); ++group) {
    const auto ids = goldens[group].at(1).get<std::vector<std::vector<int>>>();
    ASSERT_EQ(ids.size(), texts.size());
    for (const auto& name : goldens[group].at(0).get<std::vector<std::string>>()) {
      covered.insert(name);
      checkpoint.metadata.set("tokenizer.ggml.pre", name);
      const auto tokenizer = Tokenizer::load(checkpoint);
      ASSERT_TRUE(tokenizer) << tokenizer.error().message;
      EXPECT_EQ(tokenizer->source(), "GGUF gpt2/" + name);
      for (size_t i = 0; i < texts.size(); ++i) {
        const auto encoding = tokenizer->encode(texts[i]);
        ASSERT_TRUE(encoding) << encoding.error().message;
        EXPECT_EQ(encoding->ids, ids[i]) << name << ": " << texts[i];
      }
    }
  }
  std::string names;
  for (const std::string& name : covered) names += (names.empty() ? "" : ", ") + name;
  EXPECT_EQ(names, pre_tokenizer_names()) << "every row needs goldens";
}

TEST(PreTokenizers, UnknownName) {
  EXPECT_EQ(find_pre_tokenizer("gpt-5"), nullptr);
  EXPECT_EQ(find_pre_tokenizer(""), nullptr);
}

}  // namespace
}  // namespace limpid
