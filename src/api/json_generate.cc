#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

Json sampling_of(const Sampling& sampling) {
  return {{"temperature", sampling.temperature},
          {"top_k", sampling.top_k},
          {"top_p", sampling.top_p},
          {"seed", sampling.seed}};
}

Json generated_of(const NamedPrediction& token) {
  Json json = prediction_of(token);
  json["special"] = token.piece.special;
  return json;
}

}  // namespace

std::string to_json(const Session& session, const GenerateRequest& request, const GenerateResult& result,
                    std::span<const ExplainedToken> explained) {
  Json json = {{"model", model_of(session)}, {"prompt", Json::array()}};
  for (const Piece& piece : result.prompt) json["prompt"].push_back(token_of(piece));
  json["sampling"] = sampling_of(request.sampling);
  json["max_tokens"] = request.max_tokens;
  json["tokens"] = Json::array();
  for (const NamedPrediction& token : result.tokens) json["tokens"].push_back(generated_of(token));
  json["text"] = result.text;
  json["stop"] = name(result.stop);
  json["explanations"] = Json::array();
  for (const ExplainedToken& e : explained) {
    json["explanations"].push_back(
        {{"number", e.number}, {"explanation", explanation_of(session, e.explanation, e.route)}});
  }
  json["warnings"] = result.warnings;
  return dump(json);
}

}  // namespace limpid
