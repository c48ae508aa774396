#include "figures/text.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

Piece piece(const char* text) {
  return {.id = 0, .bytes = text, .text = text};
}

TEST(TextSize, IsSixPointsInAPapersColumn) {
  EXPECT_GE(text_size(340), 8);  // 8 px are 6 pt
  EXPECT_GT(text_size(1000), text_size(680));
}

TEST(TokenLabel, BlanksHaveMarksAndMarksHaveABase) {
  const struct {
    const char* text;
    const char* label;
  } cases[] = {
      {"", ""},
      {" Mary", "·Mary"},
      {"   x", "···x"},
      {"    x", "·×4x"},
      {"\n    \t", "⏎·×4⇥"},
      {"\n\n\n\n\n", "⏎×5"},
      {"a b", "a·b"},
      {"\x1b[0m", "\\x1b[0m"},
      {"\xCC\x81", "◌\xCC\x81"},          // a lone acute accent
      {"e\xCC\x81", "e\xCC\x81"},         // one that has its letter
      {"\xE0\xA4\xBE", "◌\xE0\xA4\xBE"},  // a Devanagari vowel sign
      {"\xFF", "\xFF"},                   // no text at all; the document replaces it
  };
  for (const auto& c : cases) EXPECT_EQ(token_label(piece(c.text)), c.label) << c.text;
}

TEST(Numbers, AreWrittenByTheirMeaning) {
  const struct {
    std::string text;
    const char* expected;
  } cases[] = {
      {weight_text(0.333), "0.33"},  {weight_text(1), "1.00"},        {contribution_text(0.1067), ".107"},
      {contribution_text(0), "0"},   {contribution_text(1), "1.000"}, {contribution_text(0.00001), ".000"},
      {percent_text(0.9229), "92%"}, {percent_text(0.0216), "2.2%"},  {percent_text(0.00099), "<0.1%"},
      {percent_text(0), "0%"},       {percent_text(0.0999), "10%"},   {percent_text(0.0994), "9.9%"},
      {percent_text(1), "100%"},
  };
  for (const auto& c : cases) EXPECT_EQ(c.text, c.expected);
}

TEST(FitText, CutsWholeCharactersToTheWidth) {
  for (const char* text : {"understanding", "日本語のトークン", "שלום עולם ומלואו",
                           "👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦"}) {
    for (double width = 0; width < 120; width += 7) {
      const std::string fitted = fit_text(text, Font::kToken, 10, width);
      EXPECT_LE(text_width(fitted, Font::kToken, 10), width) << text;
      const bool whole = fitted == text;
      EXPECT_TRUE(whole || fitted.empty() || fitted.ends_with("…")) << fitted;
      const std::string kept = fitted.substr(0, fitted.size() - (whole || fitted.empty() ? 0 : strlen("…")));
      EXPECT_TRUE(std::string_view(text).starts_with(kept));
    }
  }
  EXPECT_EQ(fit_text("abc", Font::kToken, 10, 100), "abc");
  EXPECT_EQ(fit_text("abc", Font::kToken, 10, 1), "");
}

TEST(WrapText, KeepsWordsAndTheWidth) {
  const std::string text = "one two three four five incomprehensibilities six";
  const std::vector<std::string> lines = wrap_text(text, Font::kText, 10, 70);
  EXPECT_GT(lines.size(), 3u);
  for (const std::string& line : lines) EXPECT_LE(text_width(line, Font::kText, 10), 70) << line;
  EXPECT_EQ(lines.front(), "one two");
  EXPECT_EQ(wrap_text("one two", Font::kText, 10, 1000), std::vector<std::string>{"one two"});
  EXPECT_TRUE(wrap_text("", Font::kText, 10, 70).empty());
}

}  // namespace
}  // namespace limpid
