#include "tokenizer/engine.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

using Texts = std::vector<std::string_view>;

constexpr std::string_view kParts = R"({"model":{"type":"BPE","vocab":{},"merges":[]}})";

TEST(Engine, VocabularyThatContradictsItself) {
  struct Case {
    Texts tokens, merges;
    const char* problem;
  };
  const std::vector<Case> cases = {
      {{"a", "b", "a"}, {}, "tokens 0 and 2 are both 'a'"},
      {{"a", "b"}, {"a", "b"}, "`ab` out of vocabulary"},
      {{"a", "ab"}, {"a", "b"}, "`b` out of vocabulary"},
      {{"a", "\xFF"}, {}, "token 1: invalid utf-8"},
      {{"a", "b", "ab"}, {"a", "\xE3"}, "half merge 1"},
  };
  for (const Case& c : cases) {
    const auto engine = Engine::from_bpe(kParts, c.tokens, c.merges, "x.gguf");
    ASSERT_FALSE(engine) << c.problem;
    EXPECT_EQ(engine.error().code, ErrorCode::kCorrupt);
    EXPECT_EQ(engine.error().message.find("x.gguf: "), 0) << engine.error().message;
    EXPECT_NE(engine.error().message.find(c.problem), std::string::npos) << engine.error().message;
  }
}

TEST(Engine, EmptyTokensLeaveTheirIdsUnused) {
  const auto engine = Engine::from_bpe(kParts, Texts{"a", "", "b", ""}, Texts(), "x.gguf");
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ(engine->size(), 4);
  EXPECT_FALSE(engine->token(1));
  EXPECT_FALSE(engine->token(4));
  EXPECT_FALSE(engine->token(-1));
  EXPECT_EQ(engine->token(2)->content, "b");
  EXPECT_EQ(engine->id("b"), 2);
  EXPECT_EQ(engine->id("c"), std::nullopt);
  EXPECT_EQ(*engine->encode("ba"), (std::vector<int>{2, 0}));
}

TEST(Engine, TokenizerFilesThatDoNotLoad) {
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"empty", ""},
      {"not JSON", "\x7F\x45LF"},
      {"not an object", "[1,2]"},
      {"cut off", R"({"model":{"type":"BPE","vocab":{"a":0)"},
      {"deep", std::string(100000, '[')},
      {"deep in a place that is read", R"({"normalizer":)" + std::string(100000, '[')},
      {"no model", "{}"},
      {"another model", R"({"model":{"type":"HMM"}})"},
      {"an id that is negative", R"({"model":{"type":"BPE","vocab":{"a":-1},"merges":[]}})"},
      {"an id past 32 bits", R"({"model":{"type":"BPE","vocab":{"a":4294967296},"merges":[]}})"},
      {"an id past int", R"({"model":{"type":"BPE","vocab":{"a":4294967295},"merges":[]}})"},
      {"a merge of nothing", R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}})"},
      {"a merge that panics", R"({"model":{"type":"BPE","vocab":{"a":0},"merges":["a a"],)"
                              R"("continuing_subword_prefix":"#####"}})"},
      {"a regular expression that is none",
       R"({"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":)"
       R"({"type":"Split","pattern":{"Regex":"(("},"behavior":"Isolated","invert":false}})"},
      {"a regular expression nested deeply",
       R"({"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"Split","pattern":{"Regex":")" +
           std::string(1000000, '(') + R"("},"behavior":"Isolated","invert":false}})"},
  };
  for (const auto& [name, json] : cases) {
    const auto engine = Engine::from_json(json, "tokenizer.json");
    ASSERT_FALSE(engine) << name;
    EXPECT_EQ(engine.error().code, ErrorCode::kCorrupt) << name;
    EXPECT_EQ(engine.error().message.find("tokenizer.json: "), 0) << engine.error().message;
    EXPECT_GT(engine.error().message.size(), 40) << engine.error().message;
  }
}

TEST(Engine, TextThatCannotBeRepresented) {
  constexpr std::string_view kUnknownIsMissing =
      R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"<unk>"}})";
  const auto engine = Engine::from_json(kUnknownIsMissing, "tokenizer.json");
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ(*engine->encode("aa"), (std::vector<int>{0, 0}));
  const auto ids = engine->encode("b");
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, ErrorCode::kCorrupt);
}

/// A pattern that backtracks without end must end in an error, not in a hang or a crash.
TEST(Engine, RegularExpressionThatExplodes) {
  const auto engine = Engine::from_json(
      R"({"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"Split",)"
      R"("pattern":{"Regex":"(a|a|aa)+$"},"behavior":"Isolated","invert":false}})",
      "tokenizer.json");
  ASSERT_TRUE(engine) << engine.error().message;
  const auto ids = engine->encode(std::string(100, 'a') + "b");
  if (!ids) {
    EXPECT_EQ(ids.error().code, ErrorCode::kCorrupt);
  }
}

TEST(Engine, TruncationAndPaddingOfTheFileAreOff) {
  const auto engine = Engine::from_json(
      R"({"truncation":{"direction":"Right","max_length":2,"strategy":"LongestFirst","stride":0},)"
      R"("padding":{"strategy":{"Fixed":9},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,)"
      R"("pad_type_id":0,"pad_token":"a"},"model":{"type":"BPE","vocab":{"a":0},"merges":[]}})",
      "tokenizer.json");
  ASSERT_TRUE(engine) << engine.error().message;
  EXPECT_EQ(engine->encode("aaaa")->size(), 4);
  EXPECT_EQ(engine->encode("a")->size(), 1);
}

TEST(Engine, AddedTokensThatAreNoList) {
  auto engine = Engine::from_bpe(kParts, Texts{"a"}, Texts(), "x.gguf");
  ASSERT_TRUE(engine);
  const auto status = engine->add_tokens(R"([{"content":1}])");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace limpid
