#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json scores_of(const std::vector<TokenScore>& scores) {
  Json json = Json::array();
  for (const TokenScore& s : scores) {
    json.push_back(
        {{"id", s.piece.id}, {"text", s.piece.text}, {"bytes", bytes_of(s.piece)}, {"logit", s.logit}});
  }
  return json;
}

Json part_of(const StatePart& part) {
  Json json = {
      {"node", part.subject}, {"kind", name(part.kind)}, {"share", part.share}, {"heads", Json::array()}};
  for (const EdgeHead& head : part.heads)
    json["heads"].push_back({{"head", head.head}, {"share", head.weight}});
  return json;
}

void add_state(const Inspection& inspection, Json& json) {
  json["entropy"] = *inspection.entropy;
  json["predictions"] = Json::array();
  for (const RankedPrediction& p : inspection.predictions) {
    Json prediction = prediction_of(p.token);
    prediction["rank"] = p.rank;
    prediction["rank_below"] = or_null(p.rank_below);
    json["predictions"].push_back(std::move(prediction));
  }
  json["parts"] = Json::array();
  for (const StatePart& part : inspection.parts) json["parts"].push_back(part_of(part));
  if (inspection.bias_share) json["bias_share"] = *inspection.bias_share;
}

void add_part(const Inspection& inspection, Json& json) {
  json["part_of"] = inspection.part_of;
  json["share"] = or_null(inspection.share);
  if (inspection.residual_share) json["residual_share"] = *inspection.residual_share;
  if (inspection.activation) json["activation"] = *inspection.activation;
  json["normalize"] = name(inspection.normalize);
  json["promoted"] = scores_of(inspection.reading->promoted);
  json["suppressed"] = scores_of(inspection.reading->suppressed);
  json["adds_to_target"] = or_null(inspection.adds_to_target);
}

}  // namespace

std::string to_json(const Inspection& inspection, JsonLayout layout) {
  Json json = {{"model", inspection.model}, {"tokens", Json::array()}};
  for (const Piece& piece : inspection.tokens) json["tokens"].push_back(token_of(piece));
  json["node"] = inspection.subject;
  json["kind"] = inspection.kind;
  if (inspection.entropy) add_state(inspection, json);
  if (inspection.reading) add_part(inspection, json);
  if (inspection.target) json["target"] = prediction_of(*inspection.target);
  for (const HeadPart& h : inspection.heads) {
    json["heads"].push_back({{"head", h.head}, {"attention", h.attention}, {"share", h.share}});
  }
  for (const HeadKey& k : inspection.keys) {
    json["keys"].push_back({{"position", k.key}, {"attention", k.attention}, {"share", k.share}});
  }
  for (const NeuronPart& n : inspection.neurons) {
    json["neurons"].push_back({{"neuron", n.neuron},
                               {"activation", n.activation},
                               {"share", n.share},
                               {"promotes", n.promotes ? token_of(*n.promotes) : Json(nullptr)}});
  }
  for (const LogitPart& p : inspection.logit_parts) {
    json["logit_parts"].push_back({{"node", p.subject}, {"logit", p.logit}});
  }
  json["warnings"] = inspection.warnings;
  return dump(json, layout);
}

}  // namespace limpid
