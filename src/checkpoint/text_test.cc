#include "checkpoint/text.h"

#include <gtest/gtest.h>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

TEST(Text, Utf8) {
  for (const char* good :
       {"", "abc", "\xc2\xa0", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
  // Stray and missing continuation bytes, overlong forms, surrogates, past U+10FFFF.
  for (const char* bad :
       {"\x80", "a\xc3", "\xc3(", "\xe2\x82", "\xc0\xaf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(is_utf8(bad)) << quote(bad);
  }
}

TEST(Text, QuoteEscapesWhatATerminalWouldObey) {
  EXPECT_EQ(quote("h\xc3\xa9"), "'h\xc3\xa9'");
  EXPECT_EQ(quote("a\x1b[31m\xff\x7f"), "'a\\x1b[31m\\xff\\x7f'");
  EXPECT_EQ(quote("\xc2\x9b"
                  "1"),
            "'\\xc2\\x9b1'");
  const std::string cut = quote(std::string(1000, 'x'));
  EXPECT_LT(cut.size(), 100);
  EXPECT_TRUE(cut.ends_with("...'"));
}

TEST(Text, DescribesWhatAFileIs) {
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"", "an empty file"},
      {"version https://git-lfs.github.com/spec/v1\noid", "a Git LFS pointer"},
      {"<!DOCTYPE html>", "an HTML page"},
      {"GGUF\3", "a GGUF file"},
      {"PK\3\4zip", "a ZIP archive"},
      {"\x80\2}q", "a Python pickle"},
      {"\x89HDF\r\n", "an HDF5 file"},
      {"abcdefghijk", "a file that starts with 'abcdefgh'"},
  };
  for (const auto& [bytes, description] : cases) {
    EXPECT_TRUE(describe_start(test::as_bytes(bytes)).starts_with(description)) << description;
  }
}

}  // namespace
}  // namespace limpid
