#include <algorithm>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "figures/attention_map.h"
#include "figures/figure.h"
#include "figures/test_svg.h"

namespace limpid {
namespace {

/// Every query reads itself alone and contributes 0.2; query 2 reads key 0 as well.
AttentionResult attention_of(size_t n_tok, std::vector<HeadId> heads) {
  AttentionResult result;
  result.model = "m";
  for (size_t t = 0; t < n_tok; ++t) {
    const std::string text = " t" + std::to_string(t);
    result.tokens.push_back({.id = 0, .bytes = text, .text = text});
  }
  for (const HeadId id : heads) {
    HeadMap& map = result.heads.emplace_back();
    map.id = id;
    map.attention.resize(n_tok * n_tok);
    map.contribution.resize(n_tok * n_tok);
    for (size_t t = 0; t < n_tok; ++t) {
      map.attention[t * n_tok + t] = 1;
      map.contribution[t * n_tok + t] = 0.2f;
    }
    if (n_tok > 2) map.contribution[2 * n_tok] = 0.4f;
  }
  return result;
}

size_t occurrences(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

TEST(AttentionFigure, OneHeadHasTokensAndItsLargestContribution) {
  const std::string svg = attention_figure(attention_of(4, {{5, 1}}), {});
  EXPECT_NE(svg.find("head 5.1"), std::string::npos);
  EXPECT_NE(svg.find("Largest contribution .400: ·t2 2 reads ·t0 0."), std::string::npos);
  EXPECT_EQ(occurrences(svg, ">·t3<"), 3u);  // as a query, and as a key of both maps
}

TEST(AttentionFigure, SeveralHeadsHaveATileEach) {
  const std::string svg = attention_figure(attention_of(3, {{0, 0}, {0, 1}, {7, 3}}), {});
  for (const char* name : {">0.0<", ">0.1<", ">7.3<"}) EXPECT_EQ(occurrences(svg, name), 1u) << name;
  EXPECT_NE(svg.find("0\u00A0·t0 | 1\u00A0·t1 | 2\u00A0·t2"), std::string::npos);
}

TEST(AttentionFigure, ManyTokensArePooled) {
  for (const auto& heads : {std::vector<HeadId>{{0, 0}}, std::vector<HeadId>{{0, 0}, {0, 1}}}) {
    const std::string svg = attention_figure(attention_of(500, heads), {});
    EXPECT_NE(svg.find("A cell shows the largest of"), std::string::npos);
    EXPECT_LT(svg.size(), 300000u);
  }
}

TEST(AttentionFigure, NastyResultsStayWellFormed) {
  AttentionResult result = attention_of(4, {{0, 0}});
  const char* texts[] = {"<&>", "\x1b", "\xCC\x81", "\xFF"};
  for (size_t t = 0; t < 4; ++t) result.tokens[t].text = texts[t];
  check_well_formed(attention_figure(result, {.theme = dark_theme(), .width = kMinFigureWidth}));
  std::ranges::fill(result.heads[0].contribution, 0.0f);  // nothing to scale by
  check_well_formed(attention_figure(result, {}));
  result.heads.push_back(result.heads[0]);
  check_well_formed(attention_figure(result, {.width = kMinFigureWidth}));
  result.heads.clear();
  check_well_formed(attention_figure(result, {}));
  check_well_formed(attention_figure(attention_of(1, {{0, 0}}), {}));
}

TEST(PooledTokens, KeepsCellsAtLeastSoWide) {
  EXPECT_EQ(pooled_tokens(10, 100, 10), 1u);
  EXPECT_EQ(pooled_tokens(11, 100, 10), 2u);
  EXPECT_EQ(pooled_tokens(100, 100, 10), 10u);
  EXPECT_EQ(pooled_tokens(1, 1, 10), 1u);
}

TEST(AttentionMap, ACellShowsTheLargestOfItsBlock) {
  std::vector<float> values(16);
  values[2 * 4 + 1] = 1;  // row 2, column 1: the lower left block
  Svg svg(100, 100, light_theme());
  draw_attention_map(svg, {values, 4, 1}, 10, 20, 40, 2, light_theme());
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.str().c_str()));
  const std::string hue(light_theme().attention);
  const auto deepest = document.select_nodes(("//path[@fill='" + hue + "']").c_str());
  ASSERT_EQ(deepest.size(), 1u);
  EXPECT_STREQ(deepest.first().node().attribute("d").value(), "M10 40h20v20h-20Z");
}

}  // namespace
}  // namespace limpid
