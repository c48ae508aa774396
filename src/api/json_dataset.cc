#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

std::string to_json(DatasetKind kind, const DatasetExample& example) {
  Json json = {{"kind", name(kind)}, {"template", example.template_number}, {"pattern", example.pattern}};
  if (!example.variant.empty()) json["variant"] = example.variant;
  json.update({{"prompt", example.prompt},
               {"target", example.target},
               {"versus", example.versus},
               {"counterfactual", example.counterfactual},
               {"ids", example.ids},
               {"counterfactual_ids", example.counterfactual_ids},
               {"target_id", example.target_id},
               {"versus_id", example.versus_id},
               {"targets", example.targets},
               {"versuses", example.versuses},
               {"changed", example.changed},
               {"words", Json::object()},
               {"positions", Json::object()}});
  for (const auto& [slot, text] : example.words) json["words"][slot] = text;
  for (const auto& [slot, position] : example.positions) json["positions"][slot] = position;
  if (example.answer) {
    json["logit_difference"] = example.answer->logit_difference;
    json["probability_difference"] = example.answer->probability_difference;
  }
  return dump_line(json);
}

}  // namespace limpid
