#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

Json node_of(const NodeShares& n) {
  Json json = {{"id", to_string(n.node)}};
  if (n.node.kind == NodeKind::kMid) {
    json["parts"] = Json::array();
    for (const PartShare& part : n.parts)
      json["parts"].push_back({part.key, part.head, shortest(part.share)});
    json["residual"] = shortest(n.residual);
    json["bias"] = shortest(n.bias);
  } else {
    json["ffn"] = shortest(n.ffn);
    json["residual"] = shortest(n.residual);
  }
  if (n.patch > 0) json["patch"] = shortest(n.patch);
  json["strongest"] = shortest(n.strongest);
  json["degenerate"] = n.degenerate;
  return json;
}

}  // namespace

std::string to_json(const SharesResult& result) {
  Json json = {{"token", result.position},  {"floor", shortest(result.floor)},
               {"n_layer", result.n_layer}, {"n_head", result.n_head},
               {"n_tok", result.n_tok},     {"parallel_blocks", result.parallel_blocks},
               {"nodes", Json::array()}};
  for (const NodeShares& node : result.nodes) json["nodes"].push_back(node_of(node));
  return json.dump() + "\n";  // for programs: indented, it would be mostly blanks
}

}  // namespace limpid
