#include "server/query.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(Percent, Decodes) {
  EXPECT_EQ(decode_percent("a%20b+c%C3%a9", Plus::kIsBlank), "a b cé");
  EXPECT_EQ(decode_percent("a+b", Plus::kIsPlus), "a+b");
  EXPECT_EQ(decode_percent("", Plus::kIsPlus), "");
  EXPECT_EQ(decode_percent("\xF0\x9F\x98\x80", Plus::kIsPlus), "\xF0\x9F\x98\x80");
  for (const char* wrong : {"%", "%2", "%zz", "a%0", "%00", "%ff", "%C3", "%C3%28", "%ED%A0%80", "%E0%80%80",
                            "%F4%90%80%80", "%C0%AF", "%80"}) {
    EXPECT_EQ(decode_percent(wrong, Plus::kIsPlus), std::nullopt) << wrong;
  }
}

TEST(Query, ReadsWhatIsKnown) {
  const auto query =
      Query::parse("n=-3&x=0.5&b=true&c=mid&&many=1&many=&many=%23", {"n", "x", "b", "c", "many*"});
  ASSERT_TRUE(query);
  EXPECT_EQ(*query->integer("n", 7, -5, 5), -3);
  EXPECT_EQ(*query->integer("absent", 7, 8, 9), 7);
  EXPECT_EQ(*query->number("x", 0, 0, 1), 0.5);
  EXPECT_EQ(*query->boolean("b", false), true);
  EXPECT_EQ(*query->boolean("absent", true), true);
  EXPECT_EQ(*query->choice("c", {"pre", "mid"}), 1u);
  EXPECT_EQ(*query->choice("absent", {"pre", "mid"}), 0u);
  EXPECT_EQ(query->all("many"), (std::vector<std::string>{"1", "", "#"}));
  EXPECT_TRUE(query->all("absent").empty());
}

TEST(Query, RefusesTheRest) {
  for (const char* wrong : {"y=1", "n=1&n=2", "n=%zz", "%zz=1", "N=1", "n%00=1", "many*=1"}) {
    const auto query = Query::parse(wrong, {"n", "many*"});
    ASSERT_FALSE(query) << wrong;
    EXPECT_EQ(query.error().status, 400) << wrong;
  }
  for (const char* text : {"", "x", "1x", " 1", "1.0", "99999999999", "6", "-6", "0x1", "+1"}) {
    const auto query = Query::parse("n=" + std::string(text == std::string("+1") ? "%2B1" : text), {"n"});
    EXPECT_FALSE(query->integer("n", 0, -5, 5)) << text;
  }
  for (const char* text : {"", "nan", "inf", "1e999", "1.1", "-0.1", "0,5", "0.5x"}) {
    const auto query = Query::parse("n=" + std::string(text), {"n"});
    EXPECT_FALSE(query->number("n", 0, 0, 1)) << text;
  }
  EXPECT_FALSE(Query::parse("n=yes", {"n"})->boolean("n", true));
  EXPECT_FALSE(Query::parse("n=", {"n"})->choice("n", {"pre", "mid"}));
}

}  // namespace
}  // namespace limpid
