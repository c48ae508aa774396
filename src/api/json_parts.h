// What several JSON documents have in common.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "api/json.h"
#include "api/session.h"

namespace limpid {

using Json = nlohmann::ordered_json;

/// Bytes as numbers: a piece need not be valid UTF-8.
Json bytes_of(const Piece& piece);
Json token_of(const Piece& piece);
Json prediction_of(const NamedPrediction& prediction);
Json model_of(const Session& session);
/// docs/schema/explain.json
Json explanation_of(const Session& session, const Explanation& explanation, const Route& route);
/// docs/schema/explain.json, "proof"
Json proof_of(const RouteProof& proof);
/// The number whose shortest decimal form is that of the float: half the digits, and the same float again.
double shortest(float value);
/// With a line break at the end.
std::string dump(const Json& json, JsonLayout layout = JsonLayout::kIndented);
/// All of it in one line.
inline std::string dump_line(const Json& json) {
  return dump(json, JsonLayout::kOneLine);
}

}  // namespace limpid
