#include "server/json_answers.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "api/json.h"
#include "api/json_parts.h"
#include "api/runtime.h"
#include "base/process_memory.h"

namespace limpid {

namespace {

/// Whatever weights are stored in, all is computed in it.
constexpr const char* kPrecision = "float32";

/// Of an event, which ends where a line does.
std::string without_end(std::string line) {
  line.pop_back();
  return line;
}

std::string one_line(const Json& json) {
  return without_end(dump_line(json));
}

Json error_of(const Failure& failure) {
  return {{"code", failure.code}, {"message", failure.message}, {"hint", failure.hint}};
}

Json progress_of(const JobStatus& status) {
  return {{"stage", status.stage}, {"fraction", status.fraction}};
}

Json predictions_of(const std::vector<NamedPrediction>& predictions) {
  Json json = Json::array();
  for (const NamedPrediction& p : predictions) {
    json.push_back({{"id", p.prediction.id},
                    {"text", p.piece.text},
                    {"logit", p.prediction.logit},
                    {"probability", p.prediction.probability}});
  }
  return json;
}

Json timing_of(const RunSeconds& seconds) {
  Json json = {{"forward", seconds.forward}, {"predictions", seconds.predictions}};
  const double contributions = seconds.contributions, route = seconds.route;
  if (contributions > 0) json["contributions"] = contributions;
  if (route > 0) json["route"] = route;
  return json;
}

}  // namespace

std::string error_json(const Failure& failure) {
  return one_line({{"error", error_of(failure)}});
}

std::string config_json(const App& app) {
  const ServerConfig& config = app.config;
  const Json limits = {{"max_body_bytes", HttpLimits().max_body_bytes},
                       {"max_waiting", config.max_waiting},
                       {"max_streams", config.max_streams},
                       {"min_threshold", 0.0},
                       {"min_floor", shortest(Contributions::kDefaultFloor)},
                       {"max_generated_tokens", config.max_generated_tokens},
                       {"max_sweep_runs", config.max_sweep_runs}};
  return dump_line({{"version", version()},
                    {"demo", config.demo},
                    {"debug", config.debug},
                    {"default_model", app.models.default_model()},
                    {"sample_prompts", config.sample_prompts},
                    {"max_prompt_tokens", config.max_prompt_tokens},
                    {"upload_allowed", config.offers_upload()},
                    {"backend", Json::array({config.backend})},
                    {"precision", Json::array({kPrecision})},
                    {"limits", limits}});
}

std::string status_json(const App& app) {
  const ServerConfig& config = app.config;
  const ProcessMemory memory = process_memory();
  Json json = {{"version", version()},
               {"uptime_seconds", app.uptime.seconds()},
               {"threads", runtime_threads()},
               {"backend", config.backend},
               {"precision", kPrecision},
               {"memory", {{"resident_bytes", memory.resident_bytes}, {"peak_bytes", memory.peak_bytes}}},
               {"models", Json::array()},
               {"traces",
                {{"kept", app.traces.size()},
                 {"n_bytes", app.traces.n_bytes()},
                 {"max_bytes", app.traces.capacity()}}},
               {"computations", {{"running", app.jobs.n_running()}, {"waiting", app.jobs.n_waiting()}}},
               {"streams", app.n_stream.load()}};
  for (const OpenModelPtr& model : app.models.open_models()) {
    const WeightBytes bytes = model->session.weight_bytes();
    json["models"].push_back({{"name", model->name},
                              {"stored_bytes", bytes.stored},
                              {"decoded_bytes", bytes.decoded},
                              {"all_decoded_bytes", bytes.all_decoded}});
  }
  return dump_line(json);
}

std::string models_json(const App& app) {
  Json json = {{"models", Json::array()}, {"default", app.models.default_model()}};
  for (const AllowedModel& model : app.models.models()) {
    Json entry = {{"name", model.name}};
    const OpenModelPtr open = app.models.if_open(model.name);
    entry["loaded"] = open != nullptr;
    if (open) {
      const ModelSpec& spec = open->session.model().spec();
      entry["family"] = spec.family;
      entry["n_layer"] = spec.n_layer;
      entry["n_head"] = spec.n_head;
      entry["d_model"] = spec.d_model;
      entry["n_vocab"] = spec.n_vocab;
    }
    entry["n_bytes"] = model.n_bytes;
    entry["source"] = model.source;
    json["models"].push_back(std::move(entry));
  }
  return dump_line(json);
}

std::string opened_json(const std::string& model) {
  return dump_line({{"model", model}, {"state", "done"}});
}

std::string opened_event_json(const std::string& model) {
  return one_line({{"model", model}});
}

std::string job_json(const char* key, const std::string& subject, const JobStatus& status) {
  Json json = {{key, subject}, {"state", name(status.state)}};
  if (status.failure) {
    json["error"] = error_of(*status.failure);
  } else {
    json["position"] = status.position;
    json["progress"] = progress_of(status);
  }
  return dump_line(json);
}

std::string trace_json(const StoredTrace& trace) {
  const ModelSpec& spec = trace.trace->spec;
  Json json = {{"id", trace.id},
               {"state", "done"},
               {"model", trace.model->name},
               {"tokens", Json::array()},
               {"n_layer", spec.n_layer},
               {"n_head", spec.n_head},
               {"d_model", spec.d_model},
               {"parallel_blocks", spec.parallel_blocks},
               {"seconds", trace.seconds.whole()},
               {"timing", timing_of(trace.seconds)},
               {"warnings", trace.warnings},
               {"predictions", Json::array()}};
  for (const Piece& piece : trace.tokens) json["tokens"].push_back(token_of(piece));
  if (!trace.replace.empty()) json["replace"] = trace.replace;
  for (const Piece& piece : trace.against) json["against"].push_back(token_of(piece));
  for (const auto& predictions : trace.predictions)
    json["predictions"].push_back(predictions_of(predictions));
  return dump_line(json);
}

std::string progress_event_json(const JobStatus& status) {
  Json json = progress_of(status);
  json["position"] = status.position;
  return one_line(json);
}

std::string done_event_json(const std::string& id) {
  return one_line({{"id", id}});
}

std::string token_event_json(size_t index, const NamedPrediction& token, std::string_view text) {
  return one_line({{"index", index},
                   {"id", token.prediction.id},
                   {"text", text},
                   {"probability", token.prediction.probability}});
}

std::string generated_event_json(const std::string& id, const GenerateResult& result) {
  return one_line({{"trace", id},
                   {"reason", name(result.stop)},
                   {"n_prompt", result.prompt.size()},
                   {"text", result.text}});
}

std::string patched_json(const std::string& id, const PatchResult& result) {
  return fmt::format("{{\"trace\":\"{}\",\"patch\":{}}}\n", id,
                     without_end(to_json(result, JsonLayout::kOneLine)));
}

std::string swept_event_json(const SweepResult& result) {
  return without_end(to_json(result, JsonLayout::kOneLine));
}

}  // namespace limpid
