#include "tokenizer/stop_ids.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>

#include "checkpoint/json.h"
#include "checkpoint/json_metadata.h"
#include "checkpoint/text.h"
#include "tokenizer/gguf_vocabulary.h"

namespace limpid {
namespace {

constexpr std::string_view kEos = "eos_token_id";

/// An id, a list of ids, or nothing.
Result<std::span<const int64_t>> read_ids(const Metadata& metadata, const std::string& origin) {
  const MetadataValue* value = metadata.find(kEos);
  if (value == nullptr && !metadata.omitted().contains(kEos)) return std::span<const int64_t>();
  if (value != nullptr) {
    if (const auto* id = std::get_if<int64_t>(value)) return std::span(id, 1);
    if (const auto* ids = std::get_if<std::vector<int64_t>>(value)) return std::span(*ids);
    const auto* empty = std::get_if<std::vector<std::string>>(value);
    if (empty != nullptr && empty->empty()) return std::span<const int64_t>();
  }
  return corrupt(origin, fmt::format("'{}': expected a token id or a list of them", kEos));
}

Result<Metadata> read_generation_config(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return Metadata();
  LIMPID_TRY(const nlohmann::json json, read_json(path));
  return flatten_json(json, path.string());
}

Status add_folder_ids(const Checkpoint& checkpoint, int n_vocab, std::set<int>& ids) {
  const std::filesystem::path generation = checkpoint.directory / "generation_config.json";
  LIMPID_TRY(const Metadata generation_config, read_generation_config(generation));
  LIMPID_TRY(const auto of_model,
             read_ids(checkpoint.metadata, (checkpoint.directory / "config.json").string()));
  LIMPID_TRY(const auto of_generation, read_ids(generation_config, generation.string()));
  for (const auto list : {of_model, of_generation}) {
    for (const int64_t id : list) {
      if (id >= 0 && id < n_vocab) ids.insert(static_cast<int>(id));
    }
  }
  return {};
}

Status add_gguf_ids(const Checkpoint& checkpoint, int n_vocab, std::set<int>& ids) {
  for (const char* end : {"eos", "eot", "eom"}) {
    LIMPID_TRY(const std::optional<int> id,
               read_token_id(checkpoint.metadata, fmt::format("tokenizer.ggml.{}_token_id", end),
                             static_cast<size_t>(n_vocab), checkpoint.path.string()));
    if (id) ids.insert(*id);
  }
  return {};
}

}  // namespace

Result<std::vector<int>> read_stop_ids(const Checkpoint& checkpoint, std::optional<int> eos, int n_vocab) {
  std::set<int> ids;
  if (eos) ids.insert(*eos);
  const bool is_gguf = checkpoint.metadata.contains("tokenizer.ggml.model");
  LIMPID_CHECK_OK(is_gguf ? add_gguf_ids(checkpoint, n_vocab, ids)
                          : add_folder_ids(checkpoint, n_vocab, ids));
  return std::vector<int>(ids.begin(), ids.end());
}

}  // namespace limpid
