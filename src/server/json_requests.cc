#include "server/json_requests.h"

#include <algorithm>
#include <concepts>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "api/words.h"

namespace limpid {

namespace {

using Json = nlohmann::json;

/// The members of one object.
class Members {
 public:
  static Answer<Members> parse(std::string_view text, std::vector<std::string_view> known) {
    if (text.find('\0') != text.npos) return bad_request("body: expected JSON, found a NUL byte");
    const auto json = std::make_shared<const Json>(Json::parse(text, nullptr, /*allow_exceptions=*/false));
    if (!json->is_object()) {
      return bad_request(json->is_discarded() ? "body: expected JSON, found something else"
                                              : "body: expected a JSON object, found another value");
    }
    for (const auto& [key, value] : json->items()) {
      if (std::ranges::find(known, key) == known.end()) {
        return bad_request(
            "body: a key is unknown",
            known.empty() ? "there are none" : fmt::format("known are {}", fmt::join(known, ", ")));
      }
    }
    return Members(json);
  }

  bool has(const char* key) const { return json_->contains(key); }

  Answer<void> read(const char* key, std::string& to) const {
    if (!has(key)) return {};
    if (!(*json_)[key].is_string()) return bad_request(fmt::format("{}: expected a text", key));
    to = (*json_)[key].get<std::string>();
    return {};
  }
  Answer<void> read(const char* key, bool& to) const {
    if (!has(key)) return {};
    if (!(*json_)[key].is_boolean()) return bad_request(fmt::format("{}: expected true or false", key));
    to = (*json_)[key].get<bool>();
    return {};
  }
  Answer<void> read(const char* key, double& to) const {
    if (!has(key)) return {};
    if (!(*json_)[key].is_number()) return bad_request(fmt::format("{}: expected a number", key));
    to = (*json_)[key].get<double>();
    return {};
  }
  template <std::integral T>
  Answer<void> read(const char* key, T& to, uint64_t least, uint64_t most) const {
    if (!has(key)) return {};
    const Json& value = (*json_)[key];
    if (!value.is_number_unsigned() || value.get<uint64_t>() < least || value.get<uint64_t>() > most) {
      return bad_request(fmt::format("{}: expected an integer from {} to {}", key, least, most));
    }
    to = static_cast<T>(value.get<uint64_t>());
    return {};
  }
  Answer<void> read(const char* key, std::vector<int>& to) const {
    if (!has(key)) return {};
    const Json& list = (*json_)[key];
    const auto is_id = [](const Json& item) {
      return item.is_number_unsigned() && item.get<uint64_t>() <= std::numeric_limits<int>::max();
    };
    if (!list.is_array() || list.empty() || !std::ranges::all_of(list, is_id)) {
      return bad_request(fmt::format("{}: expected a list of token ids", key));
    }
    to = list.get<std::vector<int>>();
    return {};
  }

 private:
  explicit Members(std::shared_ptr<const Json> json) : json_(std::move(json)) {}

  std::shared_ptr<const Json> json_;
};

Answer<void> read_bos(const Members& members, AddBos& to) {
  std::string bos = "auto";
  SERVER_CHECK_OK(members.read("bos", bos));
  const std::optional<AddBos> parsed = parse_bos(bos);
  if (!parsed) return bad_request("bos: expected auto, yes or no");
  to = *parsed;
  return {};
}

Answer<void> read_prompt(const Members& members, PromptBody& to) {
  SERVER_CHECK_OK(members.read("model", to.model));
  SERVER_CHECK_OK(members.read("prompt", to.prompt.text));
  SERVER_CHECK_OK(members.read("ids", to.prompt.ids));
  SERVER_CHECK_OK(read_bos(members, to.prompt.bos));
  SERVER_CHECK_OK(members.read("chat", to.prompt.chat));
  SERVER_CHECK_OK(members.read("system", to.prompt.system));
  if (members.has("prompt") == members.has("ids")) {
    return bad_request("body: expected one of prompt and ids, found both or none");
  }
  if (to.prompt.chat && members.has("ids")) return bad_request("chat: expected a prompt with it, found ids");
  if (members.has("system") && !to.prompt.chat) return bad_request("system: expected chat with it");
  return {};
}

}  // namespace

Answer<PromptBody> parse_trace_request(std::string_view body) {
  SERVER_TRY(const Members members,
             Members::parse(body, {"model", "prompt", "ids", "bos", "chat", "system"}));
  PromptBody request;
  SERVER_CHECK_OK(read_prompt(members, request));
  return request;
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
