#include "graph/node.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

struct NodeCase {
  Node node;
  const char* text;
};

class NodeText : public testing::TestWithParam<NodeCase> {};

TEST_P(NodeText, RoundTrips) {
  EXPECT_EQ(to_string(GetParam().node), GetParam().text);
  EXPECT_EQ(parse_node(GetParam().text), GetParam().node);
}

INSTANTIATE_TEST_SUITE_P(
    All, NodeText,
    testing::Values(NodeCase{{NodeKind::kEmbed, 0, 3}, "embed@3"},
                    NodeCase{{NodeKind::kMid, 5, 3}, "mid.5@3"}, NodeCase{{NodeKind::kFfn, 5, 3}, "ffn.5@3"},
                    NodeCase{{NodeKind::kPost, 5, 3}, "post.5@3"},
                    NodeCase{{NodeKind::kPost, 0, 0}, "post.0@0"},
                    NodeCase{{NodeKind::kMid, 2147483647, 2147483647}, "mid.2147483647@2147483647"}));

class NotANode : public testing::TestWithParam<const char*> {};

TEST_P(NotANode, IsRefused) {
  EXPECT_EQ(parse_node(GetParam()), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(All, NotANode,
                         testing::Values("", "@", "embed", "embed@", "embed.0@3", "embed@-1", "embed@+1",
                                         "embed@03", "embed@3 ", " embed@3", "Embed@3", "embed@3x", "mid@3",
                                         "mid.@3", "mid.5", "mid.5@", "mid.05@3", "mid.-1@3", "mid.-0@3",
                                         "mid.5@3@3", "mid.5.1@3", "mid.2147483648@3", "embed@2147483648",
                                         "head.5.1@3", "logit@3", "post5@3"));

TEST(StateBelow, IsTheEmbeddingOfTheLowestLayer) {
  EXPECT_EQ(to_string(state_below(0, 7)), "embed@7");
  EXPECT_EQ(to_string(state_below(1, 7)), "post.0@7");
  EXPECT_EQ(to_string(state_below(30, 0)), "post.29@0");
}

}  // namespace
}  // namespace limpid
