#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

Json tokens_of(const std::vector<Piece>& pieces) {
  Json tokens = Json::array();
  for (const Piece& piece : pieces) tokens.push_back(token_of(piece));
  return tokens;
}

Json metric_of(const ResolvedMetric& metric) {
  Json json = {{"kind", name(metric.kind)}, {"target", token_of(metric.target)}};
  if (metric.versus) json["versus"] = token_of(*metric.versus);
  return json;
}

Json predictions_of(const std::vector<NamedPrediction>& predictions) {
  Json json = Json::array();
  for (const NamedPrediction& prediction : predictions) json.push_back(prediction_of(prediction));
  return json;
}

}  // namespace

Json proof_of(const RouteProof& proof) {
  Json json = {{"metric", metric_of(proof.metric)},
               {"value", proof.value},
               {"full", proof.full},
               {"kept", proof.kept},
               {"removed", proof.removed},
               {"empty", proof.empty},
               {"n_kept", proof.n_kept},
               {"n_component", proof.n_component}};
  if (proof.faithfulness) json["faithfulness"] = *proof.faithfulness;
  if (proof.left) json["left"] = *proof.left;
  json["weakest"] = Json::array();
  for (const RouteComponent& component : proof.weakest) {
    json["weakest"].push_back(
        {{"subject", component.subject}, {"flow", component.flow}, {"effect", component.effect}});
  }
  return json;
}

std::string to_json(const PatchResult& result, JsonLayout layout) {
  Json json = {{"model", result.model},     {"tokens", tokens_of(result.tokens)}, {"token", result.position},
               {"replace", result.replace}, {"metric", metric_of(result.metric)}, {"before", result.before},
               {"after", result.after}};
  if (result.against) {
    json["against"] = {{"tokens", tokens_of(result.against_tokens)}, {"value", *result.against}};
  }
  json["divergence"] = result.divergence;
  json["predictions_before"] = predictions_of(result.predictions_before);
  json["predictions_after"] = predictions_of(result.predictions_after);
  json["direct"] = Json::array();
  for (const DirectChange& change : result.direct) {
    json["direct"].push_back(
        {{"subject", change.subject}, {"before", change.before}, {"after", change.after}});
  }
  if (result.direct_change) json["direct_change"] = *result.direct_change;
  json["warnings"] = result.warnings;
  return dump(json, layout);
}

std::string to_json(const SweepResult& result, JsonLayout layout) {
  Json json = {{"model", result.model},     {"tokens", tokens_of(result.tokens)},
               {"token", result.position},  {"n_layer", result.n_layer},
               {"n_head", result.n_head},   {"value", result.value},
               {"denoise", result.denoise}, {"metric", metric_of(result.metric)},
               {"clean", result.clean}};
  if (result.against) {
    json["against"] = {{"tokens", tokens_of(result.against_tokens)}, {"value", *result.against}};
  }
  json["cells"] = Json::array();
  for (const SweepCell& cell : result.cells) {
    Json one = {{"subject", cell.subject}, {"kind", name(cell.over)}, {"layer", cell.layer}};
    if (cell.head) one["head"] = *cell.head;
    if (cell.position) one["position"] = *cell.position;
    one["value"] = cell.value;
    one["effect"] = cell.effect;
    json["cells"].push_back(std::move(one));
  }
  json["seconds"] = result.seconds;
  json["warnings"] = result.warnings;
  return dump(json, layout);
}

}  // namespace limpid
