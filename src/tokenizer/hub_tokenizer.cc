#include "tokenizer/hub_tokenizer.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/mapped_file.h"
#include "checkpoint/hub_cache.h"
#include "checkpoint/json.h"
#include "checkpoint/text.h"
#include "tokenizer/hub_config.h"
#include "tokenizer/pre_tokenizers.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool has_file(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

std::string_view text(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

/// Tokens in the order of their ids; an id without token is "".
Result<std::vector<std::string>> read_vocabulary(const fs::path& path) {
  LIMPID_TRY(const Json json, read_json(path));
  if (!json.is_object() || json.empty()) {
    return corrupt(path.string(), "expected a JSON object of tokens and their ids");
  }
  // Ids may have gaps, but a file does not get to ask for more memory than its own size warrants.
  const int64_t limit = static_cast<int64_t>(json.size()) * 2 + 65536;
  std::vector<std::string> tokens;
  for (const auto& [token, id] : json.items()) {
    if (!id.is_number_integer() || id.get<int64_t>() < 0 || id.get<int64_t>() >= limit) {
      return corrupt(path.string(), fmt::format("token {}: expected an id below {}, found {}", quote(token),
                                                limit, quote(id.dump())));
    }
    const auto at = id.get<size_t>();
    if (at >= tokens.size()) tokens.resize(at + 1);
    if (!tokens[at].empty()) {
      return corrupt(path.string(), fmt::format("tokens {} and {} have the same id {}", quote(tokens[at]),
                                                quote(token), at));
    }
    tokens[at] = token;
  }
  return tokens;
}

/// Two halves for every line "left right"; a line that starts with "#version" is a comment.
Result<std::vector<std::string_view>> read_merges(std::string_view content, const std::string& origin) {
  std::vector<std::string_view> halves;
  for (size_t line = 1; !content.empty(); ++line) {
    const size_t end = std::min(content.find('\n'), content.size());
    std::string_view merge = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (merge.ends_with('\r')) merge.remove_suffix(1);
    if (merge.empty() || merge.starts_with("#version")) continue;
    const size_t space = merge.find(' ');
    if (space == merge.npos || space == 0 || space + 1 >= merge.size() ||
        merge.find(' ', space + 1) != merge.npos) {
      return corrupt(origin, fmt::format("line {}: expected two tokens with a space between them, found {}",
                                         line, quote(merge)));
    }
    halves.push_back(merge.substr(0, space));
    halves.push_back(merge.substr(space + 1));
  }
  return halves;
}

/// A tokenizer.json with an empty model, for the classes that write only vocab.json and merges.txt.
Result<std::string> byte_level_parts(const HubConfig& config, const fs::path& folder) {
  const std::string& name = config.tokenizer_class;
  const bool gpt2 = name.empty() || name == "GPT2Tokenizer" || name == "CodeGenTokenizer";
  if (!gpt2 && name != "Qwen2Tokenizer") {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: vocab.json and merges.txt of the tokenizer class {} are not supported",
                            folder.string(), quote(name)),
                "a tokenizer.json in the same folder would be: save the tokenizer with transformers' "
                "save_pretrained");
  }
  const PreTokenizer& row = *find_pre_tokenizer(gpt2 ? "gpt-2" : "qwen2");
  const Json parts = {
      {"normalizer", Json::parse(row.normalizer)},
      {"pre_tokenizer", Json::parse(row.pre_tokenizer)},
      {"decoder", {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}}},
      {"model", {{"type", "BPE"}, {"vocab", Json::object()}, {"merges", Json::array()}}}};
  return parts.dump();
}

Result<Engine> from_vocabulary(const fs::path& folder, const HubConfig& config) {
  const fs::path merges_path = folder / "merges.txt";
  LIMPID_TRY(const std::string parts, byte_level_parts(config, folder));
  LIMPID_TRY(const std::vector<std::string> tokens, read_vocabulary(folder / "vocab.json"));
  LIMPID_TRY(const MappedFile file, MappedFile::open(merges_path));
  LIMPID_TRY(const auto merges, read_merges(text(file), merges_path.string()));
  const std::vector<std::string_view> views(tokens.begin(), tokens.end());
  return Engine::from_bpe(parts, views, merges, (folder / "vocab.json").string());
}

/// The id that config.json gives, the first one where it lists several.
std::optional<int> id_in_metadata(const Metadata& metadata, std::string_view key, int n_vocab) {
  const MetadataValue* value = metadata.find(key);
  if (value == nullptr) return std::nullopt;
  int64_t id = -1;
  if (const auto* single = std::get_if<int64_t>(value)) id = *single;
  if (const auto* list = std::get_if<std::vector<int64_t>>(value); list != nullptr && !list->empty()) {
    id = list->front();
  }
  return id >= 0 && id < n_vocab ? std::optional(static_cast<int>(id)) : std::nullopt;
}

std::optional<int> special_id(const Engine& engine, const NamedToken& token, const Metadata& metadata,
                              std::string_view key) {
  if (token.text) {
    if (const std::optional<int> id = engine.id(*token.text)) return id;
  }
  return token.is_said ? std::nullopt : id_in_metadata(metadata, key, engine.size());
}

/// What transformers puts before a text: BOS by the rule of the class, or what the post-processor adds.
Result<std::vector<int>> prefix_of(const Engine& engine, const HubConfig& config, std::optional<int> bos,
                                   bool has_json) {
  if (has_json && !config.class_adds_bos) return engine.prefix();
  const bool add_bos = config.add_bos_token.value_or(config.class_adds_bos.value_or(false));
  return add_bos && bos ? std::vector<int>{*bos} : std::vector<int>();
}

}  // namespace

Result<LoadedTokenizer> load_hub_tokenizer(const Checkpoint& checkpoint) {
  const fs::path& folder = checkpoint.directory;
  const fs::path json_path = folder / "tokenizer.json";
  const bool has_json = has_file(json_path);
  if (!has_json && !(has_file(folder / "vocab.json") && has_file(folder / "merges.txt"))) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: expected tokenizer.json, or vocab.json and merges.txt; found neither",
                            folder.string()),
                fetch_hint(folder, "tokenizer.json"));
  }
  LIMPID_TRY(const HubConfig config, read_hub_config(folder));
  std::optional<Engine> engine;
  if (has_json) {
    LIMPID_TRY(const MappedFile file, MappedFile::open(json_path));
    LIMPID_TRY(engine, Engine::from_json(text(file), json_path.string()));
  } else {
    LIMPID_TRY(engine, from_vocabulary(folder, config));
  }
  engine->set_prefix_space(config.add_prefix_space);
  LIMPID_CHECK_OK(engine->add_tokens(config.added_tokens_json));

  const Metadata& metadata = checkpoint.metadata;
  const auto bos = special_id(*engine, config.bos, metadata, "bos_token_id");
  const auto eos = special_id(*engine, config.eos, metadata, "eos_token_id");
  LIMPID_TRY(std::vector<int> prefix, prefix_of(*engine, config, bos, has_json));
  return LoadedTokenizer{std::move(*engine), std::move(prefix), bos, eos,
                         has_json ? "tokenizer.json" : "vocab.json"};
}

}  // namespace limpid
