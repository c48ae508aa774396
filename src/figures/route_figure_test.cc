#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "figures/figure.h"
#include "figures/test_route.h"
#include "figures/test_svg.h"

namespace limpid {
namespace {

std::vector<NamedPrediction> predict(std::vector<std::string> texts) {
  std::vector<NamedPrediction> predictions;
  for (const std::string& text : texts)
    predictions.push_back(
        {{.id = 1, .logit = 1, .probability = 0.3}, {.id = 1, .bytes = text, .text = text}});
  return predictions;
}

std::string draw(const Route& route, const std::vector<Piece>& tokens, const FigureOptions& options = {}) {
  const auto predictions = predict({" a", " b", " c", " d", " e", " f"});
  return route_figure(route, {.model = "m", .tokens = tokens, .predictions = predictions}, 0, options);
}

size_t count(const pugi::xml_document& document, const char* path) {
  return document.select_nodes(path).size();
}

TEST(RouteFigure, DrawsEveryNodeAndEdge) {
  const Route route = random_route(4, 6, 0.5);
  pugi::xml_document document;
  ASSERT_TRUE(document.load_string(draw(route, numbered_tokens(6)).c_str()));
  std::map<EdgeKind, size_t> n;
  for (const Edge& e : route.edges) ++n[e.kind];
  EXPECT_EQ(count(document, "//g[@class='attention']/path"), n[EdgeKind::kAttention]);
  EXPECT_EQ(count(document, "//g[@class='residual']/path"), n[EdgeKind::kResidual]);
  EXPECT_EQ(count(document, "//g[@class='ffn']/path"), n[EdgeKind::kFfnOut]);
  EXPECT_EQ(count(document, "//g[@class='ffn-blocks']/path"), n[EdgeKind::kFfnOut]);
  EXPECT_GE(count(document, "//g[@class='nodes']/circle"), route.nodes.size() - n[EdgeKind::kFfnOut]);
  EXPECT_EQ(count(document, "//g[@class='header']/text"), 3u + 2 + 2 * 5);  // five predictions of six
}

TEST(RouteFigure, SaysWhatItWasMadeFrom) {
  pugi::xml_document document;
  Route route = random_route(2, 3, 0.5);
  route.options.threshold = 0.07f;
  ASSERT_TRUE(document.load_string(draw(route, numbered_tokens(3)).c_str()));
  const pugi::xml_node figure = document.select_node("/svg/metadata/*").node();
  EXPECT_STREQ(figure.attribute("model").value(), "m");
  EXPECT_STREQ(figure.attribute("prompt").value(), " t0 t1 t2");
  EXPECT_STREQ(figure.attribute("position").value(), "2");
  EXPECT_STREQ(figure.attribute("threshold").value(), "0.07");
}

TEST(RouteFigure, NastyTokensStayWellFormed) {
  const Route route = random_route(2, 8, 0.7);
  std::vector<Piece> tokens;
  for (const char* text : {"<b>", "&amp;", "\x1b[31m", "\xCC\x88", "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D",
                           "\xFF\xFE", "\xE2\x80\xAE", "\"'\r\n\t"})
    tokens.push_back({.id = 0, .bytes = text, .text = text});
  const auto predictions =
      predict({"]]>", "\xF0\x9F\x91\xA8\xE2\x80\x8D", "", "\x01", std::string(300, 'w')});
  const RouteRun run = {.model = "\xFFmodel<\x02>", .tokens = tokens, .predictions = predictions};
  for (const double width : {kMinFigureWidth, 680.0}) {
    check_well_formed(route_figure(route, run, 0, {.theme = dark_theme(), .width = width}));
  }
}

TEST(RouteFigure, EndsAreMarkedAndExplained) {
  Route route;
  route.options.position = 0;
  route.nodes = {{.node = {NodeKind::kPost, 0, 0}, .flow = 1, .diffuse = true}};
  const std::vector<Piece> tokens = numbered_tokens(1);
  EXPECT_NE(draw(route, tokens).find("diffuse: nothing above"), std::string::npos);
  EXPECT_EQ(draw(route, tokens).find("no part points"), std::string::npos);
  route.nodes[0].degenerate = true;
  EXPECT_NE(draw(route, tokens).find("no part points"), std::string::npos);
}

TEST(RouteFigure, TheSameInputGivesTheSameBytes) {
  const Route route = random_route(3, 9, 0.4);
  EXPECT_EQ(draw(route, numbered_tokens(9)), draw(route, numbered_tokens(9)));
}

}  // namespace
}  // namespace limpid
