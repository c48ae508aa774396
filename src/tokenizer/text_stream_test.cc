#include "tokenizer/text_stream.h"

#include <gtest/gtest.h>
#include <vector>

namespace limpid {
namespace {

struct Case {
  const char* name;
  std::vector<std::string> pieces;
  std::vector<std::string> texts;  // after each piece
  std::string rest;
};
const Case kCases[] = {
    {"plain", {"ab", "", "c"}, {"ab", "", "c"}, ""},
    {"whole characters", {"é", "日本", "😀"}, {"é", "日本", "😀"}, ""},
    {"two bytes", {"a\xC3", "\xA9z"}, {"a", "éz"}, ""},
    {"three bytes", {"\xE6", "\x97", "\xA5"}, {"", "", "日"}, ""},
    {"four bytes", {"\xF0\x9F", "\x98", "\x80!"}, {"", "", "😀!"}, ""},
    {"limits of the second byte",
     {"\xE0", "\xA0", "\x80", "\xED", "\x9F\xBF", "\xF0", "\x90\x80\x80", "\xF4", "\x8F\xBF\xBF"},
     {"", "", "\xE0\xA0\x80", "", "\xED\x9F\xBF", "", "\xF0\x90\x80\x80", "", "\xF4\x8F\xBF\xBF"},
     ""},
    {"an end that is cut", {"a\xE6\x97"}, {"a"}, "\uFFFD\uFFFD"},
    {"bytes that start nothing", {"\xFF\x80z"}, {"\uFFFD\uFFFDz"}, ""},
    {"a start that does not go on", {"\xE6\x97", "x"}, {"", "\uFFFD\uFFFDx"}, ""},
    {"overlong and surrogate", {"\xE0\x80", "\xED\xA0"}, {"\uFFFD\uFFFD", "\uFFFD\uFFFD"}, ""},
    {"a NUL", {std::string("\0a", 2)}, {std::string("\0a", 2)}, ""},
};

TEST(TextStream, GivesWholeCharacters) {
  for (const Case& c : kCases) {
    TextStream stream;
    for (size_t i = 0; i < c.pieces.size(); ++i) {
      EXPECT_EQ(stream.add(c.pieces[i]), c.texts[i]) << c.name << ", piece " << i;
    }
    EXPECT_EQ(stream.finish(), c.rest) << c.name;
    EXPECT_EQ(stream.finish(), "") << c.name;
  }
}

}  // namespace
}  // namespace limpid
