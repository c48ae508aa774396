#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

Json run_of(const std::string& model, const std::vector<Piece>& tokens) {
  Json json = {{"model", model}, {"tokens", Json::array()}};
  for (const Piece& piece : tokens) json["tokens"].push_back(token_of(piece));
  return json;
}

Json prediction_of(const ComparedPrediction& p) {
  const auto side = [](const Prediction& prediction) -> Json {
    return {{"logit", prediction.logit}, {"probability", prediction.probability}};
  };
  return {{"id", p.a.id},   {"text", p.piece.text}, {"bytes", bytes_of(p.piece)},
          {"a", side(p.a)}, {"b", side(p.b)},       {"change", p.b.probability - p.a.probability}};
}

Json node_of(const ComparedNode& n) {
  return {{"id", to_string(n.node)},
          {"kind", name(n.node.kind)},
          {"layer", n.node.layer},
          {"position", n.node.position},
          {"in_a", n.in_a},
          {"in_b", n.in_b},
          {"flow_a", n.flow_a},
          {"flow_b", n.flow_b},
          {"distance", n.distance ? Json(*n.distance) : Json(nullptr)}};
}

Json edge_of(const ComparedEdge& e) {
  Json json = {{"from", to_string(e.from)},
               {"to", to_string(e.to)},
               {"kind", name(e.kind)},
               {"in_a", e.in_a},
               {"in_b", e.in_b},
               {"weight_a", e.weight_a},
               {"weight_b", e.weight_b},
               {"change", e.change()},
               {"flow_a", e.flow_a},
               {"flow_b", e.flow_b},
               {"shift", e.shift},
               {"heads", Json::array()}};
  for (const ComparedHead& head : e.heads) {
    json["heads"].push_back({{"head", head.head}, {"weight_a", head.weight_a}, {"weight_b", head.weight_b}});
  }
  return json;
}

}  // namespace

std::string to_json(const Comparison& comparison, JsonLayout layout) {
  Json json = {{"a", run_of(comparison.model_a, comparison.tokens_a)},
               {"b", run_of(comparison.model_b, comparison.tokens_b)},
               {"changed", comparison.changed},
               {"token", comparison.options.position},
               {"threshold", comparison.options.threshold},
               {"renormalize", comparison.options.renormalize},
               {"predictions", Json::array()},
               {"nodes", Json::array()},
               {"edges", Json::array()},
               {"warnings", comparison.warnings}};
  for (const ComparedPrediction& p : comparison.predictions) json["predictions"].push_back(prediction_of(p));
  for (const ComparedNode& node : comparison.route.nodes) json["nodes"].push_back(node_of(node));
  for (const ComparedEdge& edge : comparison.route.edges) json["edges"].push_back(edge_of(edge));
  return dump(json, layout);
}

}  // namespace limpid
