#include "server/snapshot_parts.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(SnapshotParts, BlanksGoBetweenPartsOnly) {
  for (const auto& [json, expected] : std::initializer_list<std::pair<const char*, const char*>>{
           {"{\n  \"a b\": [ 1, 2 ]\n}\n", "{\"a b\":[1,2]}"},
           {R"({"a": "\" \n", "b": "\\"})", R"({"a":"\" \n","b":"\\"})"},
           {"", ""}}) {
    EXPECT_EQ(without_blanks(json), expected);
  }
}

TEST(SnapshotParts, HeadsByWhatTheyCarry) {
  const auto edge = [](int layer, float flow, std::vector<EdgeHead> heads) {
    Edge made;
    made.kind = EdgeKind::kAttention;
    made.to = {NodeKind::kMid, layer, 3};
    made.weight = 0.5f;
    made.flow = flow;
    made.heads = std::move(heads);
    return made;
  };
  Route route;
  route.edges = {edge(2, 0.4f, {{0, 0.4f}, {1, 0.1f}}), edge(1, 0.3f, {{1, 0.5f}}),
                 edge(1, 0.2f, {{1, 0.5f}})};
  EXPECT_EQ(strongest_heads(route, 1), (std::vector<HeadId>{{1, 1}}));
  EXPECT_EQ(strongest_heads(route, 2), (std::vector<HeadId>{{1, 1}, {2, 0}}));
  EXPECT_EQ(strongest_heads(route, 9), (std::vector<HeadId>{{1, 1}, {2, 0}, {2, 1}}));
  EXPECT_TRUE(strongest_heads({}, 3).empty());
}

}  // namespace
}  // namespace limpid
