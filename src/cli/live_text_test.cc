#include "cli/live_text.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

struct Case {
  std::string text, shown;
};
const Case kCases[] = {
    {"plain text, é 日本 😀", "plain text, é 日本 😀"},
    {"a\n\tb", "a\n\tb"},
    {"\u00A0\u00BF", "\u00A0\u00BF"},
    {"a\u0085b\u009B2J\u009F", "a\uFFFDb\uFFFD2J\uFFFD"},
    {"cut \xC2", "cut \xC2"},
};

TEST(WithoutControl, KeepsTextAndShowsTheRest) {
  for (const auto& [text, shown] : kCases) EXPECT_EQ(without_control(text), shown);
}

TEST(WithoutControl, LeavesNoControlCharacterButBreaksAndTabs) {
  for (char c = 0; c < 32; ++c) {
    const bool kept = c == '\n' || c == '\t';
    EXPECT_EQ(without_control(std::string(1, c)).find(c) != std::string::npos, kept) << int{c};
  }
  EXPECT_EQ(without_control("\x7F").find('\x7F'), std::string::npos);
}

}  // namespace
}  // namespace limpid
