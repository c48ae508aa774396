#include "server/json_requests.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

#include "server/json_members.h"

#include "api/words.h"

namespace limpid {

namespace {

constexpr size_t kMostReplaced = 1000;
constexpr size_t kLongestName = 100;    // bytes, of an intervention
constexpr size_t kLongestToken = 1000;  // bytes, of a token's text

/// What says how a text becomes a prompt.
constexpr auto kTextKeys = std::to_array({"bos", "chat", "system"});

Answer<void> read_bos(const Members& members, AddBos& to) {
  std::string bos = "auto";
  SERVER_CHECK_OK(members.read("bos", bos));
  const std::optional<AddBos> parsed = parse_bos(bos);
  if (!parsed) return bad_request("bos: expected auto, yes or no");
  to = *parsed;
  return {};
}

Answer<void> read_text_options(const Members& members, Prompt& to) {
  SERVER_CHECK_OK(read_bos(members, to.bos));
  SERVER_CHECK_OK(members.read("chat", to.chat));
  SERVER_CHECK_OK(members.read("system", to.system));
  if (members.has("system") && !to.chat) return bad_request("system: expected chat with it");
  return {};
}

Answer<void> read_prompt(const Members& members, PromptBody& to) {
  SERVER_CHECK_OK(members.read("model", to.model));
  SERVER_CHECK_OK(members.read("prompt", to.prompt.text));
  SERVER_CHECK_OK(members.read("ids", to.prompt.ids));
  SERVER_CHECK_OK(read_text_options(members, to.prompt));
  if (members.has("prompt") == members.has("ids")) {
    return bad_request("body: expected one of prompt and ids, found both or none");
  }
  if (to.prompt.chat && members.has("ids")) return bad_request("chat: expected a prompt with it, found ids");
  return {};
}

Answer<void> read_replace(const Members& members, std::vector<std::string>& to) {
  return members.read("replace", to, kMostReplaced, kLongestName);
}

/// The other prompt: in everything but its text or ids like the one that is asked about.
Answer<void> read_against(const Members& members, const Prompt& like, std::optional<Prompt>& to) {
  if (members.has("against") && members.has("against_ids")) {
    return bad_request("against: expected a prompt or against_ids, found both");
  }
  if (!members.has("against") && !members.has("against_ids")) return {};
  to = like;
  to->text.clear();
  to->ids.clear();
  SERVER_CHECK_OK(members.read("against", to->text));
  return members.read("against_ids", to->ids);
}

/// The other prompt of a run that is at hand.
Answer<void> read_against(const Members& members, std::optional<Prompt>& to) {
  Prompt like;
  SERVER_CHECK_OK(read_text_options(members, like));
  SERVER_CHECK_OK(read_against(members, like, to));
  if (members.has("against")) return {};
  for (const char* key : kTextKeys) {
    if (members.has(key)) return bad_request(fmt::format("{}: expected against with it", key));
  }
  return {};
}

/// A choice among enumerators that have names; absent, it stays as it is.
template <class T, class Kinds>
Answer<void> read_name(std::string_view key, const std::string& text, const Kinds& kinds, T& to) {
  for (const auto kind : kinds) {
    if (text != name(kind)) continue;
    to = kind;
    return {};
  }
  std::vector<std::string_view> names;
  names.reserve(std::size(kinds));
  for (const auto kind : kinds) names.emplace_back(name(kind));
  return bad_request(fmt::format("{}: expected one of {}", key, fmt::join(names, ", ")));
}

Answer<void> read_metric(const Members& members, int& token, MetricRequest& to) {
  SERVER_CHECK_OK(members.read_position("token", token));
  SERVER_CHECK_OK(members.read("target", to.target));
  SERVER_CHECK_OK(members.read("versus", to.versus));
  for (const std::string* text : {&to.target, &to.versus}) {
    if (text->size() <= kLongestToken) continue;
    return bad_request(fmt::format("{}: expected at most {} bytes, found {}",
                                   text == &to.target ? "target" : "versus", kLongestToken, text->size()));
  }
  if (!members.has("metric")) return {};
  std::string metric;
  SERVER_CHECK_OK(members.read("metric", metric));
  return read_name("metric", metric, kMetricKinds, to.kind);
}

}  // namespace

Answer<TraceBody> parse_trace_request(std::string_view body) {
  SERVER_TRY(const Members members, Members::parse(body, {"model", "prompt", "ids", "bos", "chat", "system",
                                                          "replace", "against", "against_ids"}));
  TraceBody out;
  SERVER_CHECK_OK(read_prompt(members, out.prompt));
  SERVER_CHECK_OK(read_replace(members, out.replace));
  SERVER_CHECK_OK(read_against(members, out.prompt.prompt, out.against));
  if (out.against && out.replace.empty()) return bad_request("against: expected replace with it");
  return out;
}

Answer<PatchRequest> parse_patch_request(std::string_view body) {
  SERVER_TRY(const Members members, Members::parse(body, {"replace", "against", "against_ids", "bos", "chat",
                                                          "system", "token", "target", "versus", "metric"}));
  PatchRequest out;
  if (!members.has("replace")) return bad_request("replace: expected a list of interventions, found none");
  SERVER_CHECK_OK(read_replace(members, out.replace));
  SERVER_CHECK_OK(read_against(members, out.against));
  SERVER_CHECK_OK(read_metric(members, out.token, out.metric));
  return out;
}

Answer<SweepRequest> parse_sweep_request(std::string_view body) {
  SERVER_TRY(const Members members,
             Members::parse(body, {"over", "value", "each_token", "denoise", "against", "against_ids", "bos",
                                   "chat", "system", "token", "target", "versus", "metric"}));
  SweepRequest out;
  std::vector<std::string> over;
  SERVER_CHECK_OK(members.read("over", over, kSweepOver.size(), kLongestName));
  if (!over.empty()) out.over.clear();
  for (const std::string& text : over) {
    SweepOver kind = {};
    SERVER_CHECK_OK(read_name("over", text, kSweepOver, kind));
    if (std::ranges::find(out.over, kind) != out.over.end()) {
      return bad_request(fmt::format("over: expected each once, found {} twice", text));
    }
    out.over.push_back(kind);
  }
  SERVER_CHECK_OK(members.read("value", out.value));
  if (out.value.size() > kLongestName) {
    return bad_request(
        fmt::format("value: expected at most {} bytes, found {}", kLongestName, out.value.size()));
  }
  SERVER_CHECK_OK(members.read("each_token", out.each_position));
  SERVER_CHECK_OK(members.read("denoise", out.denoise));
  SERVER_CHECK_OK(read_against(members, out.against));
  SERVER_CHECK_OK(read_metric(members, out.token, out.metric));
  return out;
}

Answer<GenerateBody> parse_generate_request(std::string_view body) {
  constexpr uint64_t kMostInt = std::numeric_limits<int>::max();
  SERVER_TRY(const Members members,
             Members::parse(body, {"model", "prompt", "ids", "bos", "chat", "system", "max_tokens",
                                   "temperature", "top_k", "top_p", "seed"}));
  GenerateBody out;
  Sampling& sampling = out.request.sampling;
  SERVER_CHECK_OK(read_prompt(members, out.prompt));
  SERVER_CHECK_OK(members.read("max_tokens", out.request.max_tokens, 1, kMostInt));
  SERVER_CHECK_OK(members.read("temperature", sampling.temperature));
  SERVER_CHECK_OK(members.read("top_k", sampling.top_k, 0, kMostInt));
  SERVER_CHECK_OK(members.read("top_p", sampling.top_p));
  SERVER_CHECK_OK(members.read("seed", sampling.seed, 0, std::numeric_limits<uint64_t>::max()));
  return out;
}

Answer<void> parse_empty_request(std::string_view body) {
  SERVER_CHECK_OK(Members::parse(body, {}));
  return {};
}

Answer<Prompt> parse_tokenize_request(std::string_view body) {
  SERVER_TRY(const Members members, Members::parse(body, {"prompt", "text", "bos"}));
  Prompt prompt;
  SERVER_CHECK_OK(members.read("prompt", prompt.text));
  SERVER_CHECK_OK(members.read("text", prompt.text));
  SERVER_CHECK_OK(read_bos(members, prompt.bos));
  if (members.has("prompt") == members.has("text")) {
    return bad_request("body: expected one of prompt and text, found both or none");
  }
  return prompt;
}

}  // namespace limpid
