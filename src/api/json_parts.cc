#include "api/json_parts.h"

#include <cstdlib>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace limpid {

Json bytes_of(const Piece& piece) {
  Json bytes = Json::array();
  for (const char c : piece.bytes) bytes.push_back(static_cast<unsigned char>(c));
  return bytes;
}

Json token_of(const Piece& piece) {
  return {{"id", piece.id},
          {"text", piece.text},
          {"bytes", bytes_of(piece)},
          {"continuation", piece.continuation},
          {"special", piece.special}};
}

Json prediction_of(const NamedPrediction& p) {
  return {{"id", p.prediction.id},
          {"text", p.piece.text},
          {"bytes", bytes_of(p.piece)},
          {"logit", p.prediction.logit},
          {"probability", p.prediction.probability}};
}

Json model_of(const Session& session) {
  const ModelSpec& spec = session.model().spec();
  return {{"name", session.name()}, {"path", session.model().checkpoint().path.string()},
          {"family", spec.family},  {"n_layer", spec.n_layer},
          {"n_head", spec.n_head},  {"d_model", spec.d_model},
          {"n_vocab", spec.n_vocab}};
}

double shortest(float value) {
  return std::strtod(fmt::format("{}", value).c_str(), nullptr);
}

std::string dump(const Json& json, JsonLayout layout) {
  // Texts are valid UTF-8; paths may be anything the file system allows.
  const int indent = layout == JsonLayout::kIndented ? 2 : -1;
  return json.dump(indent, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace limpid
