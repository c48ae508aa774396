#include "checkpoint/locate.h"

#include <fmt/format.h>
#include <system_error>
#include <utility>

#include "checkpoint/adapter.h"
#include "checkpoint/format.h"
#include "checkpoint/gguf_split.h"
#include "checkpoint/hub_cache.h"
#include "checkpoint/ollama_store.h"
#include "checkpoint/search_path.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultFile = "SmolLM2-135M-Instruct.Q4_1.gguf";

fs::path default_model() {
  const fs::path share = environment_path("XDG_DATA_HOME").value_or(home_folder() / ".local" / "share");
  return environment_path("LIMPID_DATA_DIR").value_or(share / "limpid") / "models" / kDefaultFile;
}

void add_if_recognised(std::string name, const fs::path& path, std::vector<FoundModel>& models) {
  if (is_adapter(path)) return;
  for (const Format* format : formats()) {
    if (!format->recognises(path)) continue;
    models.push_back({std::move(name), path, std::string(format->name), size_on_disk(path)});
    return;
  }
}

/// Where it was looked for, and the commands that would fetch it.
tl::unexpected<Error> nowhere(std::string_view name, bool is_hub_id, bool is_ollama_name) {
  std::string message = fmt::format("model {}: no such file or folder", quote(name));
  std::string hint;
  if (is_hub_id) {
    message += fmt::format(", not in the Hugging Face cache {}", hub_cache().string());
    const size_t at = name.find('@');
    hint = fmt::format("huggingface-cli download {}", name.substr(0, at));
    if (at != name.npos) hint += fmt::format(" --revision {}", name.substr(at + 1));
  }
  if (is_ollama_name) {
    message += fmt::format(", not in Ollama's store {}", ollama_stores().front().string());
    hint += fmt::format("{}ollama pull {}", hint.empty() ? "" : ", or ", name);
  }
  return fail(ErrorCode::kNotFound, message, hint.empty() ? "" : "fetch it with: " + hint);
}

}  // namespace

uintmax_t size_on_disk(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> files = {path};
  if (fs::is_directory(path, error)) {
    files = entries_of(path);
  } else if (auto part = parse_gguf_part_name(path.filename().string())) {
    files.clear();
    for (part->number = 1; part->number <= part->count; ++part->number) {
      files.push_back(path.parent_path() / part->file_name());
    }
  }
  uintmax_t total = 0;
  for (const fs::path& file : files) {
    if (!fs::is_regular_file(file, error)) continue;
    const uintmax_t size = fs::file_size(file, error);
    if (!error) total += size;
  }
  return total;
}

Result<fs::path> locate_model(std::string_view name) {
  std::error_code error;
  if (name.empty()) {
    const fs::path path = default_model();
    if (fs::exists(path, error)) return path;
    return fail(ErrorCode::kNotFound, fmt::format("{}: the default model is not there", path.string()),
                "fetch it with: make model");
  }
  if (fs::exists(fs::path(name), error)) return fs::path(name);
  const auto hub_id = parse_hub_id(name);
  if (const auto path = hub_id ? find_snapshot(*hub_id) : std::nullopt) return *path;
  const auto ollama_name = parse_ollama_name(name);
  if (ollama_name) {
    LIMPID_TRY(const auto path, find_in_ollama(*ollama_name));
    if (path) return *path;
  }
  return nowhere(name, hub_id.has_value(), ollama_name.has_value());
}

std::vector<FoundModel> find_models() {
  std::vector<FoundModel> models;
  add_if_recognised("", default_model(), models);
  for (const CachedModel& model : cached_models()) {
    add_if_recognised(model.id, model.snapshot, models);
    // A repository of GGUF files holds several models, each named by its path; the first part names a split
    // one.
    for (const fs::path& file : entries_of(model.snapshot)) {
      const auto part = parse_gguf_part_name(file.filename().string());
      const bool is_first = !part || part->number == 1;
      if (file.extension() == ".gguf" && is_first) add_if_recognised(file.string(), file, models);
    }
  }
  for (const OllamaModel& model : ollama_models()) add_if_recognised(model.name.text(), model.file, models);
  return models;
}

}  // namespace limpid
