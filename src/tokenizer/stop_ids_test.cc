#include "tokenizer/stop_ids.h"

#include <gtest/gtest.h>

#include "checkpoint/test_files.h"
#include "tokenizer/tokenizer.h"

namespace limpid {
namespace {

using Ids = std::vector<int>;
using Integers = std::vector<int64_t>;

struct FolderCase {
  const char* name;
  std::optional<int> eos;
  std::optional<MetadataValue> config;  // eos_token_id of config.json
  const char* generation_config = nullptr;
  Ids expected = {};
  const char* problem = nullptr;
};

TEST(StopIds, OfAFolder) {
  const std::vector<FolderCase> cases = {
      {"nothing", {}, {}},
      {"the tokenizer's", 3, {}, nullptr, {3}},
      {"both files, and one list", 3, int64_t{5}, R"({"eos_token_id": [7, 3, 1]})", {1, 3, 5, 7}},
      {"a list in config.json", {}, Integers{4, 4, 2}, R"({"eos_token_id": 0})", {0, 2, 4}},
      {"null and an empty list", {}, std::vector<std::string>(), R"({"eos_token_id": null})", {}},
      {"ids without a token", 9, int64_t{-1}, R"({"eos_token_id": [10, 9, 4294967297]})", {9}},
      {"no number", {}, {}, R"({"eos_token_id": "</s>"})", {}, "generation_config.json: 'eos_token_id'"},
      {"a list of texts", {}, std::vector<std::string>{"a"}, nullptr, {}, "config.json: 'eos_token_id'"},
      {"a mixed list", {}, {}, R"({"eos_token_id": [1, "a"]})", {}, "generation_config.json: 'eos_token_id'"},
      {"no JSON", {}, {}, "{", {}, "generation_config.json"},
  };
  for (const FolderCase& c : cases) {
    const test::TemporaryFolder folder;
    if (c.generation_config != nullptr) folder.write("generation_config.json", c.generation_config);
    Checkpoint checkpoint;
    checkpoint.path = checkpoint.directory = folder.path();
    if (c.config) checkpoint.metadata.set("eos_token_id", *c.config);
    const auto ids = read_stop_ids(checkpoint, c.eos, 10);
    ASSERT_EQ(ids.has_value(), c.problem == nullptr) << c.name;
    if (ids) {
      EXPECT_EQ(*ids, c.expected) << c.name;
    } else {
      EXPECT_EQ(ids.error().code, ErrorCode::kCorrupt) << c.name;
      EXPECT_NE(ids.error().message.find(c.problem), std::string::npos) << ids.error().message;
    }
  }
}

TEST(StopIds, OfAGgufFile) {
  Checkpoint checkpoint;
  checkpoint.path = "x.gguf";
  Metadata& metadata = checkpoint.metadata;
  metadata.set("tokenizer.ggml.model", std::string("gpt2"));
  metadata.set("tokenizer.ggml.eos_token_id", int64_t{6});
  EXPECT_EQ(*read_stop_ids(checkpoint, 6, 10), Ids{6});
  metadata.set("tokenizer.ggml.eot_token_id", int64_t{2});
  metadata.set("tokenizer.ggml.eom_token_id", int64_t{9});
  EXPECT_EQ(*read_stop_ids(checkpoint, 6, 10), (Ids{2, 6, 9}));
  const auto outside = read_stop_ids(checkpoint, 6, 9);
  ASSERT_FALSE(outside);
  EXPECT_NE(outside.error().message.find("x.gguf: metadata 'tokenizer.ggml.eom_token_id'"), std::string::npos)
      << outside.error().message;
}

TEST(StopIds, OfATokenizer) {
  const auto checkpoint = open_checkpoint(LIMPID_TESTDATA "/models/llama-tied");
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto tokenizer = Tokenizer::load(*checkpoint);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->stop_ids(), Ids{0});
}

}  // namespace
}  // namespace limpid
