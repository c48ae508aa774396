#include "tokenizer/hub_config.h"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "checkpoint/json.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

/// What a tokenizer class does when the files do not say.
struct ClassDefaults {
  std::string_view name;
  std::optional<std::string_view> bos;
  std::optional<std::string_view> eos;
  std::optional<bool> adds_bos;  // HubConfig::class_adds_bos
};

constexpr auto kClasses = std::to_array<ClassDefaults>({
    {"CodeGenTokenizer", "<|endoftext|>", "<|endoftext|>", std::nullopt},
    {"CodeLlamaTokenizer", "<s>", "</s>", true},
    {"CohereTokenizer", "<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>", true},
    {"GPT2Tokenizer", "<|endoftext|>", "<|endoftext|>", std::nullopt},
    {"GPTNeoXTokenizer", "<|endoftext|>", "<|endoftext|>", false},
    {"GemmaTokenizer", "<bos>", "<eos>", true},
    {"LlamaTokenizer", "<s>", "</s>", true},
    {"Qwen2Tokenizer", std::nullopt, "<|endoftext|>", std::nullopt},
});

Result<Json> read_optional(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Json::object();
  LIMPID_TRY(Json json, read_json(path));
  if (!json.is_object()) return corrupt(path.string(), "expected a JSON object");
  return json;
}

/// A special token is written as its text or as an object with "content".
std::optional<std::string> token_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_object()) return std::nullopt;
  const auto content = value.find("content");
  if (content == value.end() || !content->is_string()) return std::nullopt;
  return content->get<std::string>();
}

std::optional<bool> flag(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_boolean() ? std::optional(it->get<bool>()) : std::nullopt;
}

Json added_token(const Json& source, const std::string& content, bool special) {
  const auto option = [&](const char* key, bool fallback) { return flag(source, key).value_or(fallback); };
  return {{"content", content},
          {"single_word", option("single_word", false)},
          {"lstrip", option("lstrip", false)},
          {"rstrip", option("rstrip", false)},
          {"normalized", option("normalized", !special)},
          {"special", special}};
}

/// Collects the tokens to add, in the order of their ids and each text once.
class AddedTokens {
 public:
  void read_decoder(const Json& config) {
    const auto decoder = config.find("added_tokens_decoder");
    if (decoder == config.end() || !decoder->is_object()) return;
    std::map<long, Json> by_id;
    for (const auto& [key, token] : decoder->items()) {
      const std::optional<std::string> content = token_text(token);
      if (!content || key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != key.npos)
        continue;
      by_id[std::stol(key)] = added_token(token, *content, flag(token, "special").value_or(false));
    }
    for (auto& [id, token] : by_id) add(std::move(token));
  }

  /// added_tokens.json: text to id.
  void read_map(const Json& map) {
    std::map<int64_t, std::string> by_id;
    for (const auto& [content, id] : map.items()) {
      if (id.is_number_integer()) by_id[id.get<int64_t>()] = content;
    }
    for (const auto& [id, content] : by_id) add(added_token(Json::object(), content, false));
  }

  void name_special(const Json& value) {
    if (const std::optional<std::string> content = token_text(value)) add(added_token(value, *content, true));
  }

  std::string dump() const { return tokens_.dump(); }

 private:
  void add(Json token) {
    if (seen_.insert(token["content"].get<std::string>()).second) tokens_.push_back(std::move(token));
  }

  Json tokens_ = Json::array();
  std::set<std::string> seen_;
};

constexpr std::array kSpecialNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                                      "pad_token", "cls_token", "mask_token"};

/// What `config` says goes before what `map` says.
NamedToken read_special(const Json& config, const Json& map, const char* key,
                        const std::optional<std::string_view>& fallback) {
  for (const Json* source : {&config, &map}) {
    if (const auto it = source->find(key); it != source->end()) return {token_text(*it), true};
  }
  return {fallback ? std::optional<std::string>(*fallback) : std::nullopt, false};
}

std::string read_class(const Json& config) {
  const auto it = config.find("tokenizer_class");
  if (it == config.end() || !it->is_string()) return {};
  const auto name = it->get<std::string>();
  return name.ends_with("Fast") ? name.substr(0, name.size() - 4) : name;
}

}  // namespace

Result<HubConfig> read_hub_config(const std::filesystem::path& folder) {
  LIMPID_TRY(const Json config, read_optional(folder / "tokenizer_config.json"));
  LIMPID_TRY(const Json map, read_optional(folder / "special_tokens_map.json"));
  LIMPID_TRY(const Json added, read_optional(folder / "added_tokens.json"));

  HubConfig result;
  result.tokenizer_class = read_class(config);
  const auto row = std::ranges::find(kClasses, result.tokenizer_class, &ClassDefaults::name);
  const ClassDefaults defaults = row == kClasses.end() ? ClassDefaults{} : *row;
  result.bos = read_special(config, map, "bos_token", defaults.bos);
  result.eos = read_special(config, map, "eos_token", defaults.eos);
  result.add_bos_token = flag(config, "add_bos_token");
  result.class_adds_bos = defaults.adds_bos;
  result.add_prefix_space = flag(config, "add_prefix_space").value_or(false);

  AddedTokens tokens;
  tokens.read_decoder(config);
  tokens.read_map(added);
  for (const char* name : kSpecialNames) {
    for (const Json* source : {&config, &map}) {
      if (const auto it = source->find(name); it != source->end()) tokens.name_special(*it);
    }
  }
  for (const Json* source : {&config, &map}) {
    const auto more = source->find("additional_special_tokens");
    if (more == source->end() || !more->is_array()) continue;
    for (const Json& token : *more) tokens.name_special(token);
  }
  result.added_tokens_json = tokens.dump();
  return result;
}

}  // namespace limpid
