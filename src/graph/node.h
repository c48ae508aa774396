// Nodes of the information flow graph, as small values.
//
//   embed@t    the token's embedding            post.l@t   residual stream after layer l
//   mid.l@t    residual stream after attention  ffn.l@t    the feed-forward block
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace limpid {

enum class NodeKind { kEmbed, kMid, kFfn, kPost };

struct Node {
  NodeKind kind = NodeKind::kEmbed;
  int layer = 0;     // 0 for kEmbed
  int position = 0;  // token index

  auto operator<=>(const Node&) const = default;
};

/// "embed@3", "mid.5@3", "ffn.5@3", "post.5@3".
std::string to_string(const Node& node);
/// nullopt unless `text` is exactly what to_string writes.
std::optional<Node> parse_node(std::string_view text);
/// "embed", "mid", "ffn", "post".
const char* name(NodeKind kind);

/// The state that layer `layer` reads at `position`: post of the layer below, or the embedding.
Node state_below(int layer, int position);

}  // namespace limpid
