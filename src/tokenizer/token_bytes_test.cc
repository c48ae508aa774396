#include "tokenizer/token_bytes.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

constexpr const char* kLlama = R"({"type":"Sequence","decoders":[
    {"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},
    {"type":"Strip","content":" ","start":1,"stop":0}]})";
constexpr const char* kByteLevel = R"({"type":"ByteLevel","add_prefix_space":true})";

struct Case {
  const char* decoder;
  VocabularyToken token;
  std::string bytes;
};

TEST(TokenBytes, OfOneToken) {
  const std::vector<Case> cases = {
      {kByteLevel, {"Ġhello"}, " hello"},
      {kByteLevel, {"Ċĉ"}, "\n\t"},
      {kByteLevel, {"æĹ¥"}, "日"},
      {kByteLevel, {"æĹ"}, "\xE6\x97"},
      {kByteLevel, {"ĀŃł"}, std::string("\0\xAD\xA0", 3)},
      {kByteLevel, {"日本"}, "日本"},  // outside the alphabet: taken as it is
      {kByteLevel, {"ńŅ"}, "ńŅ"},      // just past the alphabet
      {kByteLevel, {"Ġ", true}, "Ġ"},  // an added token is text
      {kByteLevel, {"<0x41>"}, "<0x41>"},
      {kLlama, {"▁hello▁x"}, " hello x"},
      {kLlama, {"<0x0A>"}, "\n"},
      {kLlama, {"<0xe3>"}, "\xE3"},
      {kLlama, {"<0xG3>"}, "<0xG3>"},
      {kLlama, {"<0xE3"}, "<0xE3"},
      {kLlama, {"<0xE3>", true}, "<0xE3>"},
      {kLlama, {"▁▁", true}, "  "},
      {kLlama, {"<a▁b>", true, true}, "<a▁b>"},  // the name of a special token
      {R"({"type":"Metaspace","replacement":"_","prepend_scheme":"always"})", {"_a_b"}, " a b"},
      {"null", {"▁a"}, "▁a"},
  };
  for (const Case& c : cases) {
    const auto decoder = TokenBytes::parse(c.decoder, "test");
    ASSERT_TRUE(decoder) << decoder.error().message;
    EXPECT_EQ(decoder->bytes(c.token), c.bytes) << c.token.content;
  }
}

TEST(TokenBytes, StartOfAText) {
  struct Start {
    const char* decoder;
    std::vector<std::string> before, after;
  };
  const std::vector<Start> cases = {
      {kLlama, {" Hello", " world"}, {"Hello", " world"}},
      {kLlama, {"  Hello"}, {" Hello"}},
      {kLlama, {" ", " Hello"}, {"", " Hello"}},
      {kLlama, {"", " Hello"}, {"", "Hello"}},
      {kLlama, {"Hello", " x"}, {"Hello", " x"}},
      {kLlama, {}, {}},
      {kByteLevel, {" Hello"}, {" Hello"}},
      {R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"first"})", {" a b", " c"}, {"ab", " c"}},
      {R"({"type":"Metaspace","replacement":"▁","prepend_scheme":"never"})", {" a b"}, {" a b"}},
  };
  for (const Start& c : cases) {
    const auto decoder = TokenBytes::parse(c.decoder, "test");
    ASSERT_TRUE(decoder);
    std::vector<std::string> texts = c.before;
    std::vector<std::string*> pointers;
    for (std::string& text : texts) pointers.push_back(&text);
    decoder->trim_start(pointers);
    EXPECT_EQ(texts, c.after) << c.decoder;
  }
}

TEST(TokenBytes, RefusesDecodersThatLookAtMoreThanAToken) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {R"({"type":"WordPiece","prefix":"##","cleanup":true})", "'WordPiece'"},
      {R"({"type":"Sequence","decoders":[{"type":"CTC"}]})", "'CTC'"},
      {R"({"type":"Replace","pattern":{"Regex":"a+"},"content":""})", "regular expression"},
      {R"({"type":"Strip","content":" ","start":1,"stop":0})", "'Strip'"},
      {R"({"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":0,"stop":1}]})",
       "'Strip'"},
  };
  for (const auto& [json, named] : cases) {
    const auto decoder = TokenBytes::parse(json, "tokenizer.json");
    ASSERT_FALSE(decoder) << json;
    EXPECT_EQ(decoder.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(decoder.error().message.find(named), std::string::npos) << decoder.error().message;
  }
}

}  // namespace
}  // namespace limpid
