#include "api/batch.h"

#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "api/json_parts.h"
#include "api/words.h"
#include "checkpoint/json.h"
#include "checkpoint/text.h"

namespace limpid {

namespace {

using Value = nlohmann::json;

constexpr int kMostPredictions = 1000;
constexpr const char* kBraceHint = "a prompt that starts with { is written {\"prompt\": \"{...\"}";

// One overload for each type that a key can have; false: the value is not of it.

bool read(const Value& value, std::string& out) {
  if (!value.is_string()) return false;
  out = value.get<std::string>();
  return true;
}

bool read(const Value& value, bool& out) {
  if (!value.is_boolean()) return false;
  out = value.get<bool>();
  return true;
}

bool read(const Value& value, int& out) {
  constexpr int kMax = std::numeric_limits<int>::max();
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{kMax}) return false;
  if (value.get<int64_t>() < std::numeric_limits<int>::min()) return false;
  out = value.get<int>();
  return true;
}

bool read(const Value& value, std::vector<int>& out) {
  if (!value.is_array() || value.empty()) return false;
  out.resize(value.size());
  for (size_t i = 0; i < out.size(); ++i) {
    if (!read(value[i], out[i])) return false;
  }
  return true;
}

bool read_share(const Value& value, float& out) {
  if (!value.is_number()) return false;
  const double number = value.get<double>();
  if (number < 0 || number > 1) return false;
  out = static_cast<float>(number);
  return true;
}

bool read(const Value& value, AddBos& out) {
  if (!value.is_string()) return false;
  const std::optional<AddBos> bos = parse_bos(value.get<std::string>());
  if (bos) out = *bos;
  return bos.has_value();
}

bool read_count(const Value& value, size_t& out) {
  int number = 0;
  if (!read(value, number) || number < 1 || number > kMostPredictions) return false;
  out = static_cast<size_t>(number);
  return true;
}

struct Key {
  std::string_view name;
  std::string_view expected;
  bool (*read)(const Value& value, BatchRequest& request);
};

/// All that a line may say, beside its "id".
constexpr Key kKeys[] = {
    {"prompt", "a text", [](const Value& v, BatchRequest& r) { return read(v, r.explain.prompt.text); }},
    {"ids", "a list of token ids",
     [](const Value& v, BatchRequest& r) { return read(v, r.explain.prompt.ids); }},
    {"bos", "auto, yes or no", [](const Value& v, BatchRequest& r) { return read(v, r.explain.prompt.bos); }},
    {"chat", "true or false", [](const Value& v, BatchRequest& r) { return read(v, r.explain.prompt.chat); }},
    {"system", "a text", [](const Value& v, BatchRequest& r) { return read(v, r.explain.prompt.system); }},
    {"top", "a number from 1 to 1000",
     [](const Value& v, BatchRequest& r) { return read_count(v, r.explain.n_predictions); }},
    {"token", "a position", [](const Value& v, BatchRequest& r) { return read(v, r.explain.token); }},
    {"threshold", "a number from 0 to 1",
     [](const Value& v, BatchRequest& r) { return read_share(v, r.route.threshold); }},
    {"renormalize", "true or false",
     [](const Value& v, BatchRequest& r) { return read(v, r.route.renormalize); }},
};

std::string known_keys() {
  std::string names;
  for (const Key& key : kKeys) names += fmt::format("'{}', ", key.name);
  return names + "'id'";
}

Status read_key(const std::string& name, const Value& value, BatchRequest& request) {
  const auto* const key = std::ranges::find(kKeys, name, &Key::name);
  if (key == std::end(kKeys)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the line: expected only the keys {}, found {}", known_keys(), quote(name)));
  }
  if (key->read(value, request)) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected {}, found {}", name, key->expected, quote(value.dump())));
}

/// What would pass without effect is an error.
Status check_conversation(const Value& object, const Prompt& prompt) {
  const auto wrong = [](std::string message) {
    return fail(ErrorCode::kInvalidArgument, std::move(message));
  };
  if (object.contains("ids")) {
    for (const char* key : {"bos", "chat", "system"}) {
      if (object.contains(key)) return wrong(fmt::format("{}: expected 'prompt' with it, found 'ids'", key));
    }
  }
  if (object.contains("system") && !prompt.chat) return wrong("system: expected 'chat' with it");
  return {};
}

/// The request of an object. Its id goes to `id` even where the rest is wrong.
Result<BatchRequest> read_object(const Value& object, BatchRequest request, std::optional<Json>& id) {
  if (const auto found = object.find("id"); found != object.end()) id = *found;
  for (const auto& [name, value] : object.items()) {
    if (name != "id") LIMPID_CHECK_OK(read_key(name, value, request));
  }
  if (object.contains("prompt") == object.contains("ids")) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("the line: expected 'prompt' or 'ids', found {}",
                                                         object.contains("ids") ? "both" : "neither"));
  }
  LIMPID_CHECK_OK(check_conversation(object, request.explain.prompt));
  return request;
}

Result<BatchRequest> read_line(const BatchLine& line, const BatchRequest& defaults, std::optional<Json>& id) {
  if (line.too_long) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the line: expected at most {} bytes, found more", kMaxBatchLine));
  }
  if (!line.text.starts_with('{')) {
    BatchRequest request = defaults;
    request.explain.prompt.text = line.text;
    return request;
  }
  const Result<Value> object = parse_json(line.text, "the line");
  if (!object) return fail(ErrorCode::kInvalidArgument, object.error().message, kBraceHint);
  return read_object(*object, defaults, id);
}

Result<Json> result_of(const Session& session, const BatchRequest& request, const RunControl& control) {
  LIMPID_TRY(Explanation explanation, session.explain(request.explain, control));
  LIMPID_TRY(const Route route, explanation.route(request.route));
  return explanation_of(session, explanation, route);
}

}  // namespace

BatchAnswer explain_line(const Session& session, const BatchLine& line, const BatchRequest& defaults,
                         const RunControl& control) {
  std::optional<Json> id;
  const Result<Json> result = read_line(line, defaults, id).and_then([&](const BatchRequest& request) {
    return result_of(session, request, control);
  });
  Json json = {{"line", line.number}};
  if (id) json["id"] = *id;
  if (result) {
    json["result"] = *result;
    return {dump_line(json)};
  }
  const Error& error = result.error();
  json["error"] = {{"code", name(error.code)}, {"message", error.message}, {"hint", error.hint}};
  return {dump_line(json), error};
}

}  // namespace limpid
