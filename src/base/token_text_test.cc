#include "base/token_text.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(MarkBlanks, WhatHasNoInkGetsAMark) {
  const struct {
    const char* text;
    const char* marked;
  } cases[] = {
      {"", ""},
      {" a\n\tb\x1b[31m", "·a⏎⇥b\\x1b[31m"},
      {"\xC2\xA0", "nbsp"},
      {"\x7f", "\\x7f"},
      {"\xC2\x85", "\\u0085"},  // a C1 control
      {"a\xE2\x80\xAE"
       "b",
       "a\\u202eb"},                     // right-to-left override
      {"\xEF\xBB\xBF", "\\ufeff"},       // byte order mark
      {"\xE2\x80\x8D", "\xE2\x80\x8D"},  // zero width joiner
      {"é日🙂", "é日🙂"},
      {"\xFF\xE2\x80 x", "\xFF\xE2\x80·x"},  // not UTF-8
  };
  for (const auto& c : cases) EXPECT_EQ(mark_blanks(c.text), c.marked) << c.text;
}

}  // namespace
}  // namespace limpid
