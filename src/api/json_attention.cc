#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"

namespace limpid {

namespace {

/// Rows of a map up to the query: row q has q + 1 numbers.
Json rows_of(const std::vector<float>& map, size_t n_tok) {
  Json rows = Json::array();
  for (size_t q = 0; q < n_tok; ++q) {
    Json row = Json::array();
    for (size_t k = 0; k <= q; ++k) row.push_back(shortest(map[q * n_tok + k]));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json map_of(const HeadMap& map, size_t n_tok) {
  return {{"layer", map.id.layer},
          {"head", map.id.head},
          {"summary",
           {{"entropy", map.summary.entropy},
            {"first", map.summary.first},
            {"first_contribution", map.summary.first_contribution},
            {"self", map.summary.self},
            {"contribution", map.summary.contribution}}},
          {"attention", rows_of(map.attention, n_tok)},
          {"contribution", rows_of(map.contribution, n_tok)}};
}

}  // namespace

std::string to_json(const AttentionResult& result) {
  Json json = {{"model", result.model}, {"tokens", Json::array()}, {"warnings", result.warnings}};
  for (const Piece& piece : result.tokens) json["tokens"].push_back(token_of(piece));
  // A line for each head, written one after the other: a tree of all maps takes many times their memory.
  std::string text = json.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();
  text += ",\"heads\":[";
  for (size_t i = 0; i < result.heads.size(); ++i) {
    text += i == 0 ? "\n" : ",\n";
    text += map_of(result.heads[i], result.n_tok()).dump();
  }
  return text + "\n]}\n";
}

}  // namespace limpid
