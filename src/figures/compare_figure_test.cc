#include <algorithm>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "figures/figure.h"
#include "figures/test_route.h"
#include "figures/test_svg.h"

namespace limpid {
namespace {

/// The edges of a random route: weights changed at every second one, and some of one route only.
Comparison comparison(int n_layer, int n_tok) {
  const Route route = random_route(n_layer, n_tok, 0.5);
  Comparison c = {
      .model_a = "m", .model_b = "m", .tokens_a = numbered_tokens(n_tok), .tokens_b = numbered_tokens(n_tok)};
  c.options = route.options;
  c.n_layer = n_layer;
  for (const RouteNode& n : route.nodes)
    c.route.nodes.push_back({n.node, true, n.node.position % 3 != 1, n.flow, n.flow, 0.5});
  for (size_t i = 0; i < route.edges.size(); ++i) {
    const Edge& e = route.edges[i];
    ComparedEdge edge = {e.from, e.to, e.kind, true, true, e.weight, e.weight, e.flow, e.flow};
    if (i % 4 == 1) edge.weight_b = e.weight + 0.1f;
    if (i % 4 == 2) edge.weight_b = e.weight + 0.01f;
    if (i % 4 == 3) edge.in_b = false, edge.weight_b = edge.flow_b = 0;
    edge.shift = edge.change() * edge.flow_a;
    for (const EdgeHead& h : e.heads) edge.heads.push_back({h.head, h.weight, h.weight / 2});
    c.route.edges.push_back(edge);
  }
  const Piece piece = {.id = 1, .bytes = " a", .text = " a"};
  c.predictions = {{piece, {1, 1, 0.8}, {1, 1, 0.3}},
                   {{.id = 2, .bytes = " b", .text = " b"}, {2, 0, 0.1}, {2, 2, 0.6}}};
  return c;
}

size_t count(const std::string& svg, const char* path) {
  pugi::xml_document document;
  EXPECT_TRUE(document.load_string(svg.c_str()));
  return document.select_nodes(path).size();
}

TEST(CompareFigure, ColoursEdgesByWhatChanged) {
  const Comparison c = comparison(4, 6);
  const std::string svg = compare_figure(c, 0, {});
  size_t n_small = 0, n_stronger = 0, n_gone = 0;
  for (const ComparedEdge& e : c.route.edges) {
    if (e.kind == EdgeKind::kFfnIn) continue;  // drawn with the edge out
    if (std::abs(e.change()) < 0.02f)
      ++n_small;
    else
      ++(e.change() > 0 ? n_stronger : n_gone);
  }
  ASSERT_TRUE(n_small > 0 && n_stronger > 0 && n_gone > 0);
  EXPECT_EQ(count(svg, "//g[@class='unchanged']/path"), n_small);
  EXPECT_EQ(count(svg, "//g[@class='stronger']/path"), n_stronger);
  EXPECT_EQ(count(svg, "//g[@class='weaker']/path[@stroke-dasharray]"), n_gone);
  EXPECT_EQ(count(svg, "//g[@class='stronger']/path[@stroke-dasharray]"), 0);
}

TEST(CompareFigure, MarksNodesOfOneRoute) {
  const Comparison c = comparison(4, 6);
  const std::string svg = compare_figure(c, 0, {});
  const auto n_hollow = std::ranges::count_if(
      c.route.nodes, [](const ComparedNode& n) { return n.node.kind != NodeKind::kFfn && !n.in_b; });
  ASSERT_GT(n_hollow, 0);
  EXPECT_EQ(count(svg, "//g[@class='nodes']/circle[@stroke]"), static_cast<size_t>(n_hollow));
}

TEST(CompareFigure, PrintsTheTokensThatDiffer) {
  Comparison c = comparison(3, 5);
  const size_t n_same = count(compare_figure(c, 0, {}), "//g[@class='tokens']/text");
  c.tokens_b[2].text = c.tokens_b[2].bytes = " other";
  c.changed = {2};
  const std::string svg = compare_figure(c, 0, {});
  // The token, and A and B beside the two rows.
  EXPECT_EQ(count(svg, "//g[@class='tokens']/text"), n_same + 3);
  EXPECT_NE(svg.find("·other"), std::string::npos);
  EXPECT_EQ(count(svg, "/svg/metadata/*[@prompt-b=' t0 t1 other t3 t4']"), 1);
}

TEST(CompareFigure, SaysHowPredictionsChanged) {
  const std::string svg = compare_figure(comparison(3, 5), 0, {});
  for (const char* text : {"−50", "+50", "30%", "60%"}) EXPECT_NE(svg.find(text), std::string::npos) << text;
  EXPECT_EQ(count(svg, "//g[@class='header']/path"), 2);  // a tick for each
}

TEST(CompareFigure, NastyTokensStayWellFormed) {
  Comparison c = comparison(2, 8);
  const char* texts[] = {"<b>",      "&amp;",        "\x1b[31m", "\xCC\x88", "\xD7\xA9\xD7\x9C",
                         "\xFF\xFE", "\xE2\x80\xAE", "\"'\r\n\t"};
  for (size_t t = 0; t < 8; ++t) {
    c.tokens_a[t].text = c.tokens_a[t].bytes = texts[t];
    c.tokens_b[t].text = c.tokens_b[t].bytes = texts[7 - t];
    c.changed.push_back(static_cast<int>(t));
  }
  c.model_b = "\xFFmodel<\x02>";
  c.predictions[0].piece.text = std::string(300, 'w');
  for (const double width : {kMinFigureWidth, 680.0})
    check_well_formed(compare_figure(c, 0, {.theme = dark_theme(), .width = width}));
}

TEST(CompareFigure, OfNothingButOneNode) {
  Comparison c = comparison(1, 1);
  c.route.edges.clear();
  c.route.nodes.resize(1);
  c.predictions.clear();
  check_well_formed(compare_figure(c, 0, {}));
}

}  // namespace
}  // namespace limpid
