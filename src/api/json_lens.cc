#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

Json cell_of(const LensCell& cell) {
  Json json = {{"top", Json::array()}, {"entropy", cell.entropy}, {"chosen", Json::array()}};
  for (const NamedPrediction& p : cell.top) {
    json["top"].push_back({{"id", p.prediction.id},
                           {"text", p.piece.text},
                           {"logit", p.prediction.logit},
                           {"probability", p.prediction.probability}});
  }
  for (const TokenReading& t : cell.chosen) {
    json["chosen"].push_back({{"logit", t.logit}, {"probability", t.probability}, {"rank", t.rank}});
  }
  return json;
}

}  // namespace

std::string to_json(const LensResult& lens, JsonLayout layout) {
  Json json = {{"model", lens.model},         {"state", name(lens.state)}, {"tokens", Json::array()},
               {"positions", lens.positions}, {"chosen", Json::array()},   {"layers", Json::array()}};
  for (const Piece& piece : lens.tokens) json["tokens"].push_back(token_of(piece));
  for (const Piece& piece : lens.chosen) json["chosen"].push_back(token_of(piece));
  for (const std::vector<LensCell>& row : lens.rows) {
    Json& cells = json["layers"].emplace_back(Json::array());
    for (const LensCell& cell : row) cells.push_back(cell_of(cell));
  }
  json["warnings"] = lens.warnings;
  return dump(json, layout);
}

}  // namespace limpid
