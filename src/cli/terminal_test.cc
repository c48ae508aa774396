#include "cli/terminal.h"

#include <clocale>
#include <gtest/gtest.h>

namespace limpid {
namespace {

class TerminalTest : public ::testing::Test {
 protected:
  TerminalTest() { std::setlocale(LC_CTYPE, "C.UTF-8"); }
};

TEST_F(TerminalTest, WidthsAreColumnsNotBytes) {
  const struct {
    const char* text;
    int width;
  } cases[] = {{"", 0}, {"abc", 3}, {"é", 1}, {"日本", 4}, {"e\xCC\x81", 1}, {"\xFF", 1}, {"→", 1}};
  for (const auto& c : cases) EXPECT_EQ(display_width(c.text), c.width) << c.text;
}

TEST_F(TerminalTest, FitCutsAndPads) {
  EXPECT_EQ(fit("abc", 5), "abc  ");
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("日本語", 4), "日… ");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(fit_right("ab", 4), "  ab");
}

TEST_F(TerminalTest, WrapKeepsWordsWhole) {
  EXPECT_EQ(wrap("", 2, 8), "");
  EXPECT_EQ(wrap("ab cd ef gh", 2, 8), "ab cd\n  ef gh");
  EXPECT_EQ(wrap("ab abcdefgh cd", 2, 8), "ab\n  abcdefgh\n  cd");
  EXPECT_EQ(wrap("日本 日本", 0, 8), "日本\n日本");
  EXPECT_EQ(wrap("日本 日本", 0, 9), "日本 日本");
}

TEST_F(TerminalTest, ColoursOnlyWhereTheyAreWanted) {
  EXPECT_EQ(Terminal(false, 80).paint(Ink::kAttention, "x"), "x");
  EXPECT_EQ(Terminal(true, 80).paint(Ink::kAttention, "x"), "\033[34mx\033[0m");
  EXPECT_EQ(Terminal(true, 80).paint(Ink::kPlain, "x"), "x");
}

}  // namespace
}  // namespace limpid
