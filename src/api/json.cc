#include "api/json.h"

#include <nlohmann/json.hpp>

#include "api/json_parts.h"

namespace limpid {

namespace {

Json node_of(const RouteNode& n) {
  Json json = {{"id", to_string(n.node)},
               {"kind", name(n.node.kind)},
               {"layer", n.node.layer},
               {"position", n.node.position},
               {"flow", n.flow},
               {"dropped", n.dropped},
               {"strongest", n.strongest},
               {"diffuse", n.diffuse},
               {"degenerate", n.degenerate}};
  if (n.patched > 0) json["patched"] = n.patched;
  return json;
}

Json edge_of(const Edge& e) {
  Json edge = {{"from", to_string(e.from)}, {"to", to_string(e.to)}, {"kind", name(e.kind)},
               {"weight", e.weight},        {"flow", e.flow},        {"heads", Json::array()}};
  for (const EdgeHead& head : e.heads)
    edge["heads"].push_back({{"head", head.head}, {"weight", head.weight}});
  return edge;
}

Json spec_of(const ModelSpec& spec) {
  return {{"family", spec.family},       {"n_layer", spec.n_layer}, {"n_head", spec.n_head},
          {"n_kv_head", spec.n_kv_head}, {"d_model", spec.d_model}, {"d_head", spec.d_head},
          {"d_mlp", spec.d_mlp},         {"n_ctx", spec.n_ctx},     {"n_vocab", spec.n_vocab}};
}

}  // namespace

Json explanation_of(const Session& session, const Explanation& explanation, const Route& route) {
  Json json = {{"model", model_of(session)}, {"tokens", Json::array()}};
  for (const Piece& piece : explanation.tokens()) json["tokens"].push_back(token_of(piece));
  json["token"] = explanation.position();
  json["threshold"] = route.options.threshold;
  json["renormalize"] = route.options.renormalize;
  json["predictions"] = Json::array();
  for (const NamedPrediction& p : explanation.predictions()) json["predictions"].push_back(prediction_of(p));
  json["nodes"] = Json::array();
  for (const RouteNode& node : route.nodes) json["nodes"].push_back(node_of(node));
  json["edges"] = Json::array();
  for (const Edge& edge : route.edges) json["edges"].push_back(edge_of(edge));
  json["warnings"] = explanation.warnings();
  return json;
}

std::string to_json(const Session& session, const Explanation& explanation, const Route& route,
                    JsonLayout layout, const RouteProof* proof) {
  Json json = explanation_of(session, explanation, route);
  if (proof != nullptr) json["proof"] = proof_of(*proof);
  return dump(json, layout);
}

std::string to_json(std::span<const Piece> tokens, JsonLayout layout) {
  Json json = {{"ids", Json::array()}, {"tokens", Json::array()}};
  for (const Piece& piece : tokens) {
    json["ids"].push_back(piece.id);
    json["tokens"].push_back(token_of(piece));
  }
  return dump(json, layout);
}

std::string to_json(const ModelInfo& info, JsonLayout layout) {
  Json json = {{"path", info.path.string()},
               {"adapter", info.adapter.empty() ? Json(nullptr) : Json(info.adapter.string())},
               {"format", info.format},
               {"architecture", info.architecture},
               {"supported", info.spec.has_value()},
               {"unsupported", info.unsupported ? Json(info.unsupported->message) : Json(nullptr)},
               {"spec", info.spec ? spec_of(*info.spec) : Json(nullptr)},
               {"tokenizer", info.has_tokenizer ? Json(info.tokenizer) : Json(nullptr)},
               {"n_tensor", info.n_tensor},
               {"n_parameter", info.n_parameter},
               {"types", info.n_tensor_by_type}};
  json["memory"] = {{"n_tok", info.n_tok},
                    {"stored_bytes", info.memory.stored_bytes},
                    {"packed_bytes", info.memory.packed_bytes},
                    {"trace_bytes", info.memory.trace_bytes},
                    {"scratch_bytes", info.memory.scratch_bytes},
                    {"budget_bytes", info.memory_budget},
                    {"kept_bytes", info.plan.kept_bytes},
                    {"policy", name(info.plan.policy)}};
  return dump(json, layout);
}

std::string to_json(const Models& models) {
  Json json = {{"families", Json::array()},
               {"formats", Json::array()},
               {"adapters", Json::array()},
               {"local", Json::array()}};
  for (const FamilyInfo& family : models.families) {
    json["families"].push_back({{"name", family.name},
                                {"gguf_architecture", family.gguf_architecture},
                                {"examples", family.examples},
                                {"refused", family.refused},
                                {"notes", family.notes}});
  }
  for (const FormatInfo& format : models.formats) {
    json["formats"].push_back(
        {{"name", format.name}, {"description", format.description}, {"weights", format.weights}});
  }
  for (const AdapterInfo& adapter : models.adapters) {
    json["adapters"].push_back({{"name", adapter.name}, {"description", adapter.description}});
  }
  for (const LocalModel& model : models.local) {
    json["local"].push_back({{"name", model.name},
                             {"path", model.path.string()},
                             {"format", model.format},
                             {"n_bytes", model.n_bytes}});
  }
  return dump(json);
}

std::string to_json(const BenchResult& result) {
  Json json = {{"model", result.model}, {"threads", result.threads}, {"load_seconds", result.load_seconds}};
  json["weights"] = {{"decoded_bytes", result.weights.decoded},
                     {"all_decoded_bytes", result.weights.all_decoded}};
  json["rows"] = Json::array();
  for (const BenchRow& row : result.rows) {
    json["rows"].push_back({{"n_tok", row.n_tok},
                            {"forward_seconds", row.forward_seconds},
                            {"contribution_seconds", row.contribution_seconds},
                            {"route_seconds", row.route_seconds},
                            {"explain_seconds", row.explain_seconds},
                            {"n_node", row.n_node},
                            {"n_edge", row.n_edge},
                            {"trace_bytes", row.trace_bytes},
                            {"shares_bytes", row.shares_bytes},
                            {"explain_peak_bytes", row.explain_peak_bytes},
                            {"peak_bytes", row.peak_bytes}});
  }
  return dump(json);
}

std::string to_json(const VerifyResult& result) {
  Json json = {{"model", result.model},
               {"ids", result.ids},
               {"n_layer", result.n_layer},
               {"ok", result.n_failed() == 0},
               {"checks", Json::array()}};
  const auto or_null = [](int n) { return n < 0 ? Json(nullptr) : Json(n); };
  for (const Check& check : result.checks) {
    json["checks"].push_back({{"name", check.name},
                              {"description", check.description},
                              {"worst", check.worst},  // null where it is infinite
                              {"tolerance", check.tolerance},
                              {"layer", or_null(check.layer)},
                              {"position", or_null(check.position)},
                              {"ok", check.ok()}});
  }
  json["warnings"] = result.warnings;
  return dump(json);
}

}  // namespace limpid
