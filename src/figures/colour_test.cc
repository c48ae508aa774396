#include "figures/colour.h"

#include <gtest/gtest.h>

#include "figures/theme.h"

namespace limpid {
namespace {

TEST(Colour, MixesPerChannel) {
  EXPECT_EQ(mix("#000000", "#ffffff", 0), "#000000");
  EXPECT_EQ(mix("#000000", "#ffffff", 1), "#ffffff");
  EXPECT_EQ(mix("#204060", "#406020", 0.5), "#305040");
  EXPECT_EQ(mix("#000000", "#ffffff", 7), "#ffffff");
}

TEST(Colour, ContrastOfBlackAndWhiteIsTheLargest) {
  EXPECT_DOUBLE_EQ(contrast("#000000", "#ffffff"), 21);
  EXPECT_DOUBLE_EQ(contrast("#808080", "#808080"), 1);
}

TEST(Theme, InksCanBeRead) {
  for (const Theme& theme : {light_theme(), dark_theme()}) {
    for (const auto ink : {theme.text, theme.text_secondary, theme.text_muted, theme.attention,
                           theme.residual, theme.ffn, theme.probability})
      EXPECT_GE(contrast(ink, theme.background), 4.5) << theme.name << " " << ink;
    // Every cell of a heat map can be written on.
    for (double share = 0.05; share <= theme.deepest; share += 0.01) {
      for (const auto hue : {theme.probability, theme.attention}) {
        const std::string fill = mix(theme.background, hue, share);
        EXPECT_GE(contrast(fill, ink_on(fill, theme)), 4.5) << theme.name << " " << hue << " " << share;
      }
    }
  }
}

}  // namespace
}  // namespace limpid
