#include "figures/svg.h"

#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "figures/test_svg.h"

#include "base/utf8.h"

namespace limpid {
namespace {

TEST(Number, HasTwoDecimalsAtMost) {
  const struct {
    double value;
    const char* text;
  } cases[] = {{0, "0"},     {-0.001, "0"},      {1, "1"},      {100, "100"},
               {1.5, "1.5"}, {2.345678, "2.35"}, {-7.1, "-7.1"}};
  for (const auto& c : cases) EXPECT_EQ(number(c.value), c.text);
}

TEST(Svg, AnyTextGivesWellFormedXml) {
  using namespace std::string_literals;
  const std::string nasty[] = {"<script>alert(1)</script> & \"quotes\" ']]>",
                               "nul \0 bell \a escape \x1b delete \x7f"s,
                               "\xFF\xC0\x80\xED\xA0\x80 not UTF-8 \xF4\x90\x80\x80",
                               "\xEF\xBF\xBE\xEF\xBF\xBF noncharacters \xEF\xB7\x90 \xC2\x85 C1",
                               "\xCC\x81 lone accent",
                               "\xE2\x80\xAE right to left \xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
                               "line\r\nbreaks\tand tabs",
                               std::string(5000, 'x')};
  for (const std::string& text : nasty) {
    Svg svg(100, 50, light_theme());
    svg.describe(text, text, {{"prompt", text}});
    svg.text(1, 2, text, {.fill = "#000000"});
    svg.text(1, 2, {{text, "#000000"}, {text, "#000000", Font::kToken}}, {.fill = "#000000"});
    svg.path("M0 0", {}, text);
    check_well_formed(svg.str());
  }
}

TEST(Svg, TextStaysText) {
  Svg svg(100, 50, light_theme());
  svg.text(1, 2, "a < b & c \x1b", {.fill = "#000000"});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.str().c_str()));
  EXPECT_STREQ(document.child("svg").child("text").text().get(), "a < b & c \uFFFD");
}

TEST(Svg, GroupsNest) {
  Svg svg(100, 50, light_theme());
  {
    const auto outer = svg.group("outer", {.stroke = "#ff0000"});
    const auto inner = svg.group("inner");
    svg.circle(1, 2, 3, {.opacity = 0.5}, "tip");
  }
  svg.path(Path().move(0, 0).line(1.25, 2).close().str(), {});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.str().c_str()));
  const auto circle = document.select_node("/svg/g[@class='outer']/g[@class='inner']/circle").node();
  EXPECT_STREQ(circle.child("title").text().get(), "tip");
  EXPECT_STREQ(circle.attribute("opacity").value(), "0.5");
  EXPECT_STREQ(document.select_node("/svg/path").node().attribute("d").value(), "M0 0L1.25 2Z");
}

TEST(Svg, RareScriptsAreHeldToTheirEstimatedWidth) {
  Svg svg(100, 50, light_theme());
  svg.text(1, 2, "\xE0\xA4\x95", {.fill = "#000000", .size = 10});  // Devanagari
  svg.text(1, 2, "plain", {.fill = "#000000", .size = 10});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.str().c_str()));
  const auto texts = document.child("svg").children("text");
  EXPECT_STREQ(texts.begin()->attribute("textLength").value(), "11");
  EXPECT_FALSE(std::next(texts.begin())->attribute("textLength"));
}

}  // namespace
}  // namespace limpid
