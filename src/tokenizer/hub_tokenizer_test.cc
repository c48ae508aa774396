#include "tokenizer/hub_tokenizer.h"

#include <gtest/gtest.h>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::TemporaryFolder;

/// "a" 0, "b" 1, "<s>" 2, "</s>" 3; the post-processor puts both special tokens around a text.
constexpr std::string_view kTokenizer = R"({
  "added_tokens": [
    {"id":2,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
    {"id":3,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],
  "post_processor": {"type":"TemplateProcessing",
    "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
              {"SpecialToken":{"id":"</s>","type_id":0}}],
    "pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"B","type_id":1}}],
    "special_tokens":{"<s>":{"id":"<s>","ids":[2],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[3],"tokens":["</s>"]}}},
  "model": {"type":"BPE","vocab":{"a":0,"b":1,"<s>":2,"</s>":3},"merges":[]}})";

struct Files {
  std::string_view tokenizer_config = {};
  std::string_view special_tokens_map = {};
  std::string_view added_tokens = {};
};

Result<LoadedTokenizer> load(const TemporaryFolder& folder, const Files& files, int64_t metadata_bos = -1) {
  if (!files.tokenizer_config.empty()) folder.write("tokenizer_config.json", files.tokenizer_config);
  if (!files.special_tokens_map.empty()) folder.write("special_tokens_map.json", files.special_tokens_map);
  if (!files.added_tokens.empty()) folder.write("added_tokens.json", files.added_tokens);
  Checkpoint checkpoint;
  checkpoint.path = checkpoint.directory = folder.path();
  if (metadata_bos >= 0) checkpoint.metadata.set("bos_token_id", metadata_bos);
  return load_hub_tokenizer(checkpoint);
}

TEST(HubTokenizer, BosAndPrefixAsTransformersHasThem) {
  struct Case {
    const char* name;
    Files files;
    int64_t metadata_bos = -1;
    std::optional<int> bos;
    std::vector<int> prefix;
  };
  const std::vector<Case> cases = {
      {"the post-processor without its EOS", {}, -1, std::nullopt, {2}},
      {"BOS of config.json", {}, 2, 2, {2}},
      {"config.json names an id that no token has", {}, 99, std::nullopt, {2}},
      {"an explicit null", {R"({"bos_token":null})"}, 2, std::nullopt, {2}},
      {"special_tokens_map.json", {"", R"({"bos_token":{"content":"</s>"}})"}, 2, 3, {2}},
      {"tokenizer_config.json goes first", {R"({"bos_token":"<s>"})", R"({"bos_token":"</s>"})"}, -1, 2, {2}},
      {"a class with a rule", {R"({"tokenizer_class":"LlamaTokenizer"})"}, -1, 2, {2}},
      {"the rule switched off",
       {R"({"tokenizer_class":"LlamaTokenizerFast","add_bos_token":false})"},
       -1,
       2,
       {}},
      {"a rule that adds nothing",
       {R"({"tokenizer_class":"GPTNeoXTokenizerFast","bos_token":"<s>"})"},
       -1,
       2,
       {}},
      {"a class without a rule ignores the flag",
       {R"({"tokenizer_class":"PreTrainedTokenizerFast","add_bos_token":false})"},
       -1,
       std::nullopt,
       {2}},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    folder.write("tokenizer.json", kTokenizer);
    const auto loaded = load(folder, c.files, c.metadata_bos);
    ASSERT_TRUE(loaded) << c.name << ": " << loaded.error().message;
    EXPECT_EQ(loaded->bos, c.bos) << c.name;
    EXPECT_EQ(loaded->prefix, c.prefix) << c.name;
    EXPECT_EQ(loaded->source, "tokenizer.json");
  }
}

TEST(HubTokenizer, TokensThatOnlyTheConfigurationNames) {
  const TemporaryFolder folder;
  folder.write("tokenizer.json", kTokenizer);
  const auto loaded = load(
      folder, {R"({"pad_token":"<pad>","unk_token":null,"additional_special_tokens":["<x>",{"content":"<y>"}],
                   "added_tokens_decoder":{"5":{"content":"<five>","special":true},"4":{"content":"four"},"z":1}})",
               "", R"({"six":6})"});
  ASSERT_TRUE(loaded) << loaded.error().message;
  const Engine& engine = loaded->engine;
  const std::vector<std::tuple<const char*, int, bool>> expected = {
      {"<s>", 2, true},   {"four", 4, false}, {"<five>", 5, true}, {"six", 6, false},
      {"<pad>", 7, true}, {"<x>", 8, true},   {"<y>", 9, true}};
  for (const auto& [content, id, special] : expected) {
    EXPECT_EQ(engine.id(content), id) << content;
    EXPECT_EQ(engine.token(id)->special, special) << content;
  }
  EXPECT_EQ(engine.size(), 10);
  EXPECT_EQ(*engine.encode("a<five>bfour<pad>"), (std::vector<int>{0, 5, 1, 4, 7}));
}

TEST(HubTokenizer, VocabularyAndMerges) {
  const TemporaryFolder folder;
  folder.write("vocab.json", R"({"a":0,"b":1,"ab":2,"Ġ":3,"Ġa":4,"<|endoftext|>":9})");
  folder.write("merges.txt", "#version: 0.2\r\na b\r\nĠ a\n\n");
  const auto plain = load(folder, {});
  ASSERT_TRUE(plain) << plain.error().message;
  EXPECT_EQ(plain->source, "vocab.json");
  EXPECT_EQ(plain->prefix, std::vector<int>());
  EXPECT_EQ(*plain->engine.encode("ab a"), (std::vector<int>{2, 4}));
  EXPECT_EQ(plain->engine.size(), 10);
  EXPECT_FALSE(plain->engine.token(7));

  const auto opt = load(folder, {R"({"tokenizer_class":"GPT2Tokenizer","add_bos_token":true,
                                     "add_prefix_space":true,"unk_token":"<|endoftext|>"})"});
  ASSERT_TRUE(opt) << opt.error().message;
  EXPECT_EQ(opt->bos, 9);
  EXPECT_EQ(opt->prefix, std::vector<int>{9});
  EXPECT_EQ(*opt->engine.encode("a"), std::vector<int>{4});
  EXPECT_EQ(*opt->engine.encode("b<|endoftext|>"), (std::vector<int>{3, 1, 9}));
}

TEST(HubTokenizer, NothingThere) {
  const TemporaryFolder folder;
  folder.write("vocab.json", "{}");  // merges.txt is missing
  const auto loaded = load(folder, {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::kNotFound);
  EXPECT_NE(loaded.error().message.find(folder.path().string()), std::string::npos);
  EXPECT_NE(loaded.error().message.find("tokenizer.json"), std::string::npos);
}

TEST(HubTokenizer, DamagedFiles) {
  struct Case {
    std::string_view name, content;
    ErrorCode code;
    const char* problem;
  };
  const auto corrupt = ErrorCode::kCorrupt;
  const std::string deep = std::string(100000, '[');
  const std::vector<Case> cases = {
      {"vocab.json", "[]", corrupt, "vocab.json"},
      {"vocab.json", "{}", corrupt, "vocab.json"},
      {"vocab.json", deep, corrupt, "vocab.json"},
      {"vocab.json", R"({"a":0,"b":"1"})", corrupt, "token 'b'"},
      {"vocab.json", R"({"a":0,"b":-1})", corrupt, "token 'b'"},
      {"vocab.json", R"({"a":0,"b":4000000000})", corrupt, "token 'b'"},
      {"vocab.json", R"({"a":0,"b":18446744073709551615})", corrupt, "token 'b'"},
      {"vocab.json", R"({"a":0,"b":0,"ab":1})", corrupt, "same id 0"},
      {"merges.txt", "a b\nab\n", corrupt, "line 2"},
      {"merges.txt", "a  b\n", corrupt, "line 1"},
      {"merges.txt", " b\n", corrupt, "line 1"},
      {"merges.txt", "a c\n", corrupt, "`c` out of vocabulary"},
      {"merges.txt", "a \xFF\n", corrupt, "half merge 1"},
      {"tokenizer_config.json", "{", corrupt, "tokenizer_config.json"},
      {"tokenizer_config.json", "[1]", corrupt, "tokenizer_config.json"},
      {"tokenizer_config.json", R"({"tokenizer_class":"T5Tokenizer"})", ErrorCode::kUnsupported,
       "'T5Tokenizer'"},
      {"special_tokens_map.json", deep, corrupt, "special_tokens_map.json"},
      {"added_tokens.json", "7", corrupt, "added_tokens.json"},
      {"tokenizer.json", "{", corrupt, "tokenizer.json"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    folder.write("vocab.json", R"({"a":0,"b":1,"ab":2})");
    folder.write("merges.txt", "a b\n");
    folder.write(c.name, c.content);
    const auto loaded = load(folder, {});
    ASSERT_FALSE(loaded) << c.name << ": " << c.problem;
    EXPECT_EQ(loaded.error().code, c.code) << loaded.error().message;
    EXPECT_NE(loaded.error().message.find(c.problem), std::string::npos) << loaded.error().message;
  }
}

}  // namespace
}  // namespace limpid
