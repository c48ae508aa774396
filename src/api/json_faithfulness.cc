#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

std::string to_json(const FaithfulnessResult& result, JsonLayout layout) {
  Json json = {{"model", result.model},
               {"n_layer", result.n_layer},
               {"n_head", result.n_head},
               {"seed", result.seed},
               {"n_scoring", result.n_scoring},
               {"n_evaluating", result.n_evaluating},
               {"n_wrong", result.n_wrong},
               {"clean", result.clean},
               {"counterfactual", result.counterfactual},
               {"components", result.components},
               {"fractions", result.fractions},
               {"rankings", Json::array()},
               {"warnings", result.warnings}};
  for (const FaithfulnessCurve& curve : result.curves) {
    json["rankings"].push_back({{"ranking", name(curve.ranking)},
                                {"cpr", curve.cpr},
                                {"cmd", curve.cmd},
                                {"spearman", curve.spearman},
                                {"by_score", curve.by_score},
                                {"by_size", curve.by_size},
                                {"scores", curve.scores}});
  }
  return dump(json, layout);
}

}  // namespace limpid
