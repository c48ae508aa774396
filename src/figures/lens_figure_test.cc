#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <pugixml.hpp>

#include "figures/figure.h"
#include "figures/test_svg.h"

namespace limpid {
namespace {

/// Cell (l, t) predicts token names[l][t] with a probability of 0.1 (l + 1).
LensResult lens_of(const std::vector<std::vector<std::string>>& names) {
  LensResult result;
  result.model = "m";
  for (size_t t = 0; t < names[0].size(); ++t) {
    const std::string text = " t" + std::to_string(t);
    result.tokens.push_back({.id = 0, .bytes = text, .text = text});
    result.positions.push_back(static_cast<int>(t));
  }
  for (size_t l = 0; l < names.size(); ++l) {
    auto& row = result.rows.emplace_back();
    for (const std::string& name : names[l]) {
      const int id = static_cast<int>(std::hash<std::string>()(name) % 100000);
      const Prediction prediction = {.id = id, .logit = 1, .probability = 0.1 * static_cast<double>(l + 1)};
      row.push_back({.top = {{prediction, {.id = id, .bytes = name, .text = name}}}});
    }
  }
  return result;
}

struct Cell {
  double x, y;
  std::string text;
};

/// The texts of the cells, as drawn.
std::vector<Cell> cells_of(const pugi::xml_document& document) {
  std::vector<Cell> cells;
  for (const auto& found : document.select_nodes("//g[@class='cells']/text")) {
    const pugi::xml_node text = found.node();
    if (std::string_view(text.text().get()).ends_with('%')) continue;
    cells.push_back({text.attribute("x").as_double(), text.attribute("y").as_double(), text.text().get()});
  }
  return cells;
}

TEST(LensFigure, TheTopLayerIsAboveAndTokensGoFromLeftToRight) {
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(lens_figure(lens_of({{"a", "b"}, {"c", "d"}, {"e", "f"}}), {}).c_str()));
  std::vector<Cell> cells = cells_of(document);
  ASSERT_EQ(cells.size(), 6u);
  std::ranges::stable_sort(cells, {}, [](const Cell& c) { return std::pair(c.y, c.x); });
  std::string order;
  for (const Cell& c : cells) order += c.text;
  EXPECT_EQ(order, "efcdab");
}

TEST(LensFigure, TheLineSaysWhereThePredictionSettles) {
  // The first column changes last in layer 1, the second in layer 3; the third never does.
  const auto svg =
      lens_figure(lens_of({{"a", "b", "z"}, {"x", "b", "z"}, {"x", "b", "z"}, {"x", "y", "z"}}), {});
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.c_str()));
  std::map<std::string, double> bottom;  // of each cell's rectangle, by its tip
  for (const auto& found : document.select_nodes("//g[@class='cells']/rect")) {
    const auto rect = found.node();
    bottom[rect.child("title").text().get()] =
        rect.attribute("y").as_double() + rect.attribute("height").as_double();
  }
  const std::string d = document.select_node("/svg/path").node().attribute("d").value();
  std::vector<double> ys;
  for (size_t at = d.find('M'); at != std::string::npos; at = d.find('M', at + 1))
    ys.push_back(std::stod(d.substr(d.find(' ', at))));
  ASSERT_EQ(ys.size(), 3u);
  const double gap = 1;  // cells leave a little room between them
  EXPECT_NEAR(ys[0], bottom.at("layer 1, ·t0 0: x 20%"), gap);
  EXPECT_NEAR(ys[1], bottom.at("layer 3, ·t1 1: y 40%"), gap);
  EXPECT_NEAR(ys[2], bottom.at("layer 0, ·t2 2: z 10%"), gap);
}

TEST(LensFigure, ColumnsAreThePositionsThatWereAskedFor) {
  LensResult result = lens_of({{"a", "b"}});
  result.tokens.insert(result.tokens.begin(), 5, {.id = 0, .bytes = "x", .text = "x"});
  result.positions = {5, 6};
  const std::string svg = lens_figure(result, {});
  EXPECT_NE(svg.find("layer 0, ·t1 6: b 10%"), std::string::npos);
  EXPECT_EQ(svg.find(">x<"), std::string::npos);
}

TEST(LensFigure, NarrowCellsAreShadesAndLongPromptsAreCut) {
  const std::vector<std::string> wide(400, "word");
  const std::string svg = lens_figure(lens_of({wide, wide}), {});
  EXPECT_NE(svg.find("Only the last"), std::string::npos);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(svg.c_str()));
  EXPECT_TRUE(cells_of(document).empty());
  EXPECT_EQ(document.select_nodes("//g[@class='cells']/path").size(), 2u);  // one for each shade
}

TEST(LensFigure, NastyResultsStayWellFormed) {
  LensResult result = lens_of({{"<&>", "\x1b", "\xCC\x81"}, {"]]>", "\xFF", "\xD7\xA9"}});
  result.rows[1][2].top.clear();
  for (const double width : {kMinFigureWidth, kMaxFigureWidth})
    check_well_formed(lens_figure(result, {.theme = dark_theme(), .width = width}));
  result.rows.clear();
  check_well_formed(lens_figure(result, {}));
}

}  // namespace
}  // namespace limpid
