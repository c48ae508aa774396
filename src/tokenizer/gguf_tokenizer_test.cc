#include "tokenizer/gguf_tokenizer.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace limpid {
namespace {

using Integers = std::vector<int64_t>;
using Numbers = std::vector<double>;
using Strings = std::vector<std::string>;

/// A change to a vocabulary, and what the error must say.
struct Damage {
  const char* key;
  std::optional<MetadataValue> value;  // nullopt takes the key away
  ErrorCode code;
  const char* problem;
};

Metadata without(const Metadata& metadata, std::string_view key) {
  Metadata result;
  for (const auto& [name, value] : metadata.values()) {
    if (name != key) result.set(name, value);
  }
  return result;
}

Metadata byte_level() {
  Metadata metadata;
  metadata.set("tokenizer.ggml.model", std::string("gpt2"));
  metadata.set("tokenizer.ggml.pre", std::string("smollm"));
  metadata.set("tokenizer.ggml.tokens", Strings{"a", "b", "<s>", "ab", "<user>", "</s>"});
  metadata.set("tokenizer.ggml.token_type", Integers{1, 1, 3, 1, 4, 3});
  metadata.set("tokenizer.ggml.merges", Strings{"a b"});
  metadata.set("tokenizer.ggml.bos_token_id", int64_t{2});
  metadata.set("tokenizer.ggml.eos_token_id", int64_t{5});
  return metadata;
}

Metadata sentencepiece() {
  Metadata metadata;
  metadata.set("tokenizer.ggml.model", std::string("llama"));
  metadata.set("tokenizer.ggml.tokens",
               Strings{"<unk>", "<s>", "</s>", "<0x7A>", "▁", "a", "▁a", "   ", "▁▁▁a"});
  metadata.set("tokenizer.ggml.token_type", Integers{2, 3, 3, 6, 1, 1, 1, 4, 1});
  metadata.set("tokenizer.ggml.scores", Numbers{0, 0, 0, 0, -3, -2, -1, 0, -1});
  metadata.set("tokenizer.ggml.bos_token_id", int64_t{1});
  return metadata;
}

void expect_damage(const Metadata& good, const std::vector<Damage>& cases) {
  ASSERT_TRUE(load_gguf_tokenizer(good, "x.gguf"));
  for (const Damage& c : cases) {
    Metadata metadata = without(good, c.key);
    if (c.value) metadata.set(c.key, *c.value);
    const auto loaded = load_gguf_tokenizer(metadata, "x.gguf");
    ASSERT_FALSE(loaded) << c.key << ": " << c.problem;
    EXPECT_EQ(loaded.error().code, c.code) << loaded.error().message;
    EXPECT_NE(loaded.error().message.find(c.problem), std::string::npos) << loaded.error().message;
  }
}

TEST(GgufTokenizer, DamagedByteLevelVocabulary) {
  const auto corrupt = ErrorCode::kCorrupt;
  const auto unsupported = ErrorCode::kUnsupported;
  expect_damage(
      byte_level(),
      {
          {"tokenizer.ggml.model", std::string("t5"), unsupported, "'t5'"},
          {"tokenizer.ggml.model", std::string("bert"), unsupported, "'bert'"},
          {"tokenizer.ggml.model", int64_t{3}, corrupt, "tokenizer.ggml.model"},
          {"tokenizer.ggml.pre", std::string("of-tomorrow"), unsupported, "'of-tomorrow'"},
          {"tokenizer.ggml.tokens", std::nullopt, corrupt, "tokens"},
          {"tokenizer.ggml.tokens", Strings{}, corrupt, "found none"},
          {"tokenizer.ggml.tokens", Integers{1}, corrupt, "a list of strings"},
          {"tokenizer.ggml.tokens", std::string("a"), corrupt, "a list of strings"},
          {"tokenizer.ggml.tokens", Strings{"a", "b", "<s>", "ab", "a", "</s>"}, corrupt, "tokens 0 and 4"},
          {"tokenizer.ggml.tokens", Strings{"a", "\xE3\x81", "<s>", "ab", "<user>", "</s>"}, corrupt,
           "token 1"},
          {"tokenizer.ggml.token_type", Integers{1, 1}, corrupt,
           "expected 6 entries, one per token, found 2"},
          {"tokenizer.ggml.token_type", Strings{"x"}, corrupt, "a list of numbers"},
          {"tokenizer.ggml.merges", Strings{"ab"}, corrupt, "'ab'"},
          {"tokenizer.ggml.merges", Strings{""}, corrupt, "''"},
          {"tokenizer.ggml.merges", Strings{"a "}, corrupt, "'a '"},
          {"tokenizer.ggml.merges", Strings{"a c"}, corrupt, "`c` out of vocabulary"},
          {"tokenizer.ggml.merges", Strings{"b a"}, corrupt, "`ba` out of vocabulary"},
          {"tokenizer.ggml.merges", Strings{"a \xFF"}, corrupt, "half merge 1"},
          {"tokenizer.ggml.bos_token_id", int64_t{6}, corrupt, "expected an id below 6, found 6"},
          {"tokenizer.ggml.eos_token_id", int64_t{-1}, corrupt, "found -1"},
          {"tokenizer.ggml.eos_token_id", std::numeric_limits<int64_t>::max(), corrupt, "eos_token_id"},
          {"tokenizer.ggml.add_bos_token", std::string("yes"), corrupt, "add_bos_token"},
      });
}

TEST(GgufTokenizer, DamagedSentencepieceVocabulary) {
  const auto corrupt = ErrorCode::kCorrupt;
  expect_damage(
      sentencepiece(),
      {
          {"tokenizer.ggml.scores", std::nullopt, corrupt, "expected scores"},
          {"tokenizer.ggml.scores", Numbers{1}, corrupt, "found 1"},
          {"tokenizer.ggml.scores", Numbers{0, 0, 0, 0, 0, 0, std::nan(""), 0, 0}, corrupt, "token 6"},
          {"tokenizer.ggml.unknown_token_id", int64_t{9}, corrupt, "found 9"},
          {"tokenizer.ggml.add_space_prefix", int64_t{1}, corrupt, "add_space_prefix"},
      });
}

TEST(GgufTokenizer, AddBosWithoutBos) {
  Metadata metadata = without(byte_level(), "tokenizer.ggml.bos_token_id");
  metadata.set("tokenizer.ggml.add_bos_token", true);
  const auto loaded = load_gguf_tokenizer(metadata, "x.gguf");
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
}

TEST(GgufTokenizer, BosByDefault) {
  struct Case {
    Metadata metadata;
    std::string pre;
    std::optional<bool> flag;
    std::vector<int> prefix;
  };
  const std::vector<Case> cases = {
      {byte_level(), "smollm", std::nullopt, {}},      {byte_level(), "smollm", true, {2}},
      {byte_level(), "llama-bpe", std::nullopt, {2}},  {byte_level(), "llama-bpe", false, {}},
      {sentencepiece(), "default", std::nullopt, {1}}, {sentencepiece(), "default", false, {}},
  };
  for (const Case& c : cases) {
    Metadata metadata = c.metadata;
    metadata.set("tokenizer.ggml.pre", c.pre);
    if (c.flag) metadata.set("tokenizer.ggml.add_bos_token", *c.flag);
    metadata.set("tokenizer.ggml.add_eos_token", true);  // means nothing for prompts
    const auto loaded = load_gguf_tokenizer(metadata, "x.gguf");
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->prefix, c.prefix) << c.pre;
  }
}

TEST(GgufTokenizer, ControlAndUserDefinedTokens) {
  const auto loaded = load_gguf_tokenizer(byte_level(), "x.gguf");
  ASSERT_TRUE(loaded);
  EXPECT_EQ(*loaded->engine.encode("ab<user>a</s>"), (std::vector<int>{3, 4, 0, 5}));
  EXPECT_TRUE(loaded->engine.token(2)->special);
  EXPECT_FALSE(loaded->engine.token(4)->special);
  EXPECT_TRUE(loaded->engine.token(4)->added);
  EXPECT_FALSE(loaded->engine.token(3)->added);
  EXPECT_EQ(loaded->bos, 2);
  EXPECT_EQ(loaded->eos, 5);
}

TEST(GgufTokenizer, SentencepieceSpaces) {
  struct Case {
    bool add_space;
    const char* text;
    std::vector<int> ids;
  };
  const std::vector<Case> cases = {
      {true, "a", {6}},          {true, " a", {4, 6}}, {true, "<s>a", {1, 6}},
      {false, "a", {5}},         {false, " a", {6}},   {true, "z", {4, 3}},
      {false, "q", {0}},         {false, "qq", {0}},   // unknown characters in a row are one token
      {false, "   ", {4, 4, 4}}, {false, "▁▁▁", {7}},  // the run of spaces that the file has as user-defined
                                                       // text
  };
  for (const Case& c : cases) {
    Metadata metadata = sentencepiece();
    metadata.set("tokenizer.ggml.add_space_prefix", c.add_space);
    const auto loaded = load_gguf_tokenizer(metadata, "x.gguf");
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(*loaded->engine.encode(c.text), c.ids) << c.text << " " << c.add_space;
  }
}

}  // namespace
}  // namespace limpid
