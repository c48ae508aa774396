#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

std::string to_json(const HeadsResult& result, JsonLayout layout) {
  Json json = {
      {"model", result.model},       {"n_layer", result.n_layer},       {"n_head", result.n_head},
      {"seed", result.request.seed}, {"length", result.request.length}, {"roles", Json::array()},
      {"heads", Json::array()},      {"samples", Json::array()},        {"warnings", result.warnings}};
  for (const HeadRole role : result.roles) json["roles"].push_back(name(role));
  for (const HeadScores& head : result.heads) {
    Json scores = Json::object();
    for (size_t r = 0; r < result.roles.size(); ++r) {
      const RoleScore& score = head.scores[r];
      scores[name(result.roles[r])] = {
          {"score", score.score}, {"error", score.error}, {"contribution", score.contribution}};
    }
    json["heads"].push_back({{"layer", head.id.layer}, {"head", head.id.head}, {"scores", scores}});
  }
  for (const HeadsSample& sample : result.samples) {
    json["samples"].push_back({{"kind", sample.random ? "random" : "text"}, {"ids", sample.ids}});
  }
  return dump(json, layout);
}

}  // namespace limpid
