#include "api/words.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(Words, Heads) {
  EXPECT_EQ(parse_head("5.1"), (HeadId{5, 1}));
  EXPECT_EQ(parse_head("0.12"), (HeadId{0, 12}));
  for (const char* text :
       {"", ".", "5", "5.", ".1", "5.1.0", "5.1 ", " 5.1", "a.b", "5,1", "5.99999999999"}) {
    EXPECT_FALSE(parse_head(text)) << text;
  }
}

TEST(Words, Bos) {
  EXPECT_EQ(parse_bos("auto"), AddBos::kAsTokenizer);
  EXPECT_EQ(parse_bos("yes"), AddBos::kYes);
  EXPECT_EQ(parse_bos("no"), AddBos::kNo);
  EXPECT_FALSE(parse_bos("maybe"));
}

}  // namespace
}  // namespace limpid
