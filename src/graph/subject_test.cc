#include "graph/subject.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(Subject, NamesAreReadAsTheyAreWritten) {
  for (const char* text :
       {"embed@0", "mid.5@3", "ffn.0@3", "post.29@13", "head.5.1@3", "neuron.5.1023@3", "attention_bias.5@3",
        "ffn_bias.5@3", "logit@3", "post.4@1->mid.5@3", "mid.5@3->post.5@3", "ffn.5@3->post.5@3",
        "embed@0->mid.0@0", "post.4@-2->mid.5@-1", "logit@-1"}) {
    const auto subject = parse_subject(text);
    ASSERT_TRUE(subject.has_value()) << text;
    EXPECT_EQ(to_string(*subject), text);
  }
}

TEST(Subject, HoldsWhatTheNameSays) {
  const auto head = parse_subject("head.5.1@-3");
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->kind, Subject::Kind::kHead);
  EXPECT_EQ(head->node.layer, 5);
  EXPECT_EQ(head->index, 1);
  EXPECT_EQ(head->node.position, -3);
  const auto edge = parse_subject("embed@1->mid.0@3");
  ASSERT_TRUE(edge.has_value());
  EXPECT_EQ(edge->kind, Subject::Kind::kEdge);
  EXPECT_EQ(edge->from, (Node{.kind = NodeKind::kEmbed, .layer = 0, .position = 1}));
  EXPECT_EQ(edge->node, (Node{.kind = NodeKind::kMid, .layer = 0, .position = 3}));
}

TEST(Subject, RefusesEverythingElse) {
  for (const char* text : {"",
                           "@",
                           "@3",
                           "mid",
                           "mid@3",
                           "mid.5",
                           "mid.5@",
                           "mid.-5@3",
                           "mid.5.1@3",
                           "mid.05@3",
                           "mid.5@03",
                           "mid.5@+3",
                           "mid.5@3 ",
                           " mid.5@3",
                           "mid.5@3x",
                           "mid..5@3",
                           "mid.@3",
                           "mid.5.@3",
                           "head.5@3",
                           "head.5.1.2@3",
                           "neuron.5@3",
                           "logit.5@3",
                           "embed.0@3",
                           "Mid.5@3",
                           "->",
                           "mid.5@3->",
                           "->mid.5@3",
                           "head.5.1@3->mid.5@3",
                           "mid.5@3->logit@3",
                           "a->b->c",
                           "mid.99999999999@3",
                           "mid.5@99999999999"}) {
    const auto subject = parse_subject(text);
    EXPECT_FALSE(subject.has_value()) << text;
    if (!subject) {
      EXPECT_NE(subject.error().hint, "");
    }
  }
}

}  // namespace
}  // namespace limpid
