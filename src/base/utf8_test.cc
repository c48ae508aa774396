#include "base/utf8.h"

#include <gtest/gtest.h>
#include <vector>

namespace limpid {
namespace {

struct Case {
  std::string_view text;
  size_t length;
  char32_t point = 0;
};

TEST(Utf8, LengthOfTheFirstCharacter) {
  using namespace std::string_view_literals;
  const std::vector<Case> cases = {
      {"", 0},
      {"a", 1, 'a'},
      {"ab", 1, 'a'},
      {"\0"sv, 1, 0},
      {"\x7F", 1, 0x7F},
      {"\x80", 0},      // continuation without a lead
      {"\xC1\xBF", 0},  // overlong
      {"\xC2\x80", 2, 0x80},
      {"\xC2", 0},  // cut off
      {"\xC2\x41", 0},
      {"\xDF\xBF", 2, 0x7FF},
      {"\xE0\x9F\xBF", 0},  // overlong
      {"\xE0\xA0\x80", 3, 0x800},
      {"\xE3\x81", 0},
      {"\xED\x9F\xBF", 3, 0xD7FF},
      {"\xED\xA0\x80", 0},  // surrogate
      {"\xED\xBF\xBF", 0},
      {"\xEE\x80\x80", 3, 0xE000},
      {"\xEF\xBF\xBF", 3, 0xFFFF},
      {"\xF0\x8F\xBF\xBF", 0},  // overlong
      {"\xF0\x90\x80\x80", 4, 0x10000},
      {"\xF4\x8F\xBF\xBF", 4, 0x10FFFF},
      {"\xF4\x90\x80\x80", 0},  // past the last code point
      {"\xF5\x80\x80\x80", 0},
      {"\xFF", 0},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(utf8_length(c.text), c.length) << testing::PrintToString(c.text);
    if (c.length > 0) {
      EXPECT_EQ(utf8_code_point(c.text.substr(0, c.length)), c.point);
    }
  }
}

}  // namespace
}  // namespace limpid
