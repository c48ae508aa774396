#include "graph/node.h"

#include <charconv>

namespace limpid {
namespace {

// Takes a number >= 0 from the front of `text`.
std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(rest - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

const char* name(NodeKind kind) {
  switch (kind) {
    case NodeKind::kEmbed:
      return "embed";
    case NodeKind::kMid:
      return "mid";
    case NodeKind::kFfn:
      return "ffn";
    case NodeKind::kPost:
      return "post";
  }
  return "";
}

std::string to_string(const Node& node) {
  std::string text = name(node.kind);
  if (node.kind != NodeKind::kEmbed) text += "." + std::to_string(node.layer);
  return text + "@" + std::to_string(node.position);
}

std::optional<Node> parse_node(std::string_view text) {
  for (NodeKind kind : {NodeKind::kEmbed, NodeKind::kMid, NodeKind::kFfn, NodeKind::kPost}) {
    std::string_view rest = text;
    if (!take(rest, name(kind))) continue;
    Node node{.kind = kind};
    if (kind != NodeKind::kEmbed) {
      if (!take(rest, ".")) return std::nullopt;
      const auto layer = take_number(rest);
      if (!layer) return std::nullopt;
      node.layer = *layer;
    }
    if (!take(rest, "@")) return std::nullopt;
    const auto position = take_number(rest);
    if (!position) return std::nullopt;
    node.position = *position;
    // Leading zeros, a sign or anything after the position are other spellings, refused.
    if (to_string(node) != text) return std::nullopt;
    return node;
  }
  return std::nullopt;
}

Node state_below(int layer, int position) {
  if (layer == 0) return {.kind = NodeKind::kEmbed, .layer = 0, .position = position};
  return {.kind = NodeKind::kPost, .layer = layer - 1, .position = position};
}

}  // namespace limpid
