#include "checkpoint/locate.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include "checkpoint/adapter.h"
#include "checkpoint/format.h"
#include "checkpoint/gguf_split.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDefaultFile = "SmolLM2-135M-Instruct.Q4_1.gguf";
constexpr std::string_view kCachePrefix = "models--";

/// A variable that is set but empty counts as not set.
std::optional<fs::path> variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return fs::path(value);
}

fs::path home() {
  return variable("HOME").value_or("/");
}

fs::path default_model() {
  const fs::path share = variable("XDG_DATA_HOME").value_or(home() / ".local" / "share");
  return variable("LIMPID_DATA_DIR").value_or(share / "limpid") / "models" / kDefaultFile;
}

fs::path hub_cache() {
  const fs::path cache = variable("XDG_CACHE_HOME").value_or(home() / ".cache");
  const fs::path hub = variable("HF_HOME").value_or(cache / "huggingface") / "hub";
  return variable("HF_HUB_CACHE").value_or(hub);
}

std::vector<fs::path> entries(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    paths.push_back(it->path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// "name" or "org/name", of the characters that the hub allows.
bool is_hub_id(std::string_view name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '/';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed) && name.front() != '.' &&
         name.front() != '/' && name.back() != '/' && std::count(name.begin(), name.end(), '/') <= 1 &&
         name.find("..") == std::string_view::npos && name.find("--") == std::string_view::npos;
}

fs::path hub_folder(std::string_view id) {
  std::string folder(kCachePrefix);
  for (const char c : id) {
    if (c == '/') {
      folder += "--";
    } else {
      folder += c;
    }
  }
  return hub_cache() / folder;
}

/// The snapshot of the main branch; where the branch is not recorded, the only snapshot.
std::optional<fs::path> snapshot(const fs::path& model_folder) {
  std::error_code error;
  std::string commit;
  std::ifstream(model_folder / "refs" / "main") >> commit;
  const fs::path snapshots = model_folder / "snapshots";
  if (!commit.empty()) {
    const bool plain = commit.find('/') == std::string::npos && commit != "." && commit != "..";
    if (plain && fs::is_directory(snapshots / commit, error)) return snapshots / commit;
    return std::nullopt;
  }
  const auto all = entries(snapshots);
  if (all.size() == 1 && fs::is_directory(all.front(), error)) return all.front();
  return std::nullopt;
}

uintmax_t size_on_disk(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> files = {path};
  if (fs::is_directory(path, error)) {
    files = entries(path);
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

void add_if_recognised(std::string name, const fs::path& path, std::vector<FoundModel>& models) {
  if (is_adapter(path)) return;
  for (const Format* format : formats()) {
    if (!format->recognises(path)) continue;
    models.push_back({std::move(name), path, std::string(format->name), size_on_disk(path)});
    return;
  }
}

}  // namespace

Result<fs::path> locate_model(std::string_view name) {
  std::error_code error;
  if (name.empty()) {
    const fs::path path = default_model();
    if (fs::exists(path, error)) return path;
    return fail(ErrorCode::kNotFound, fmt::format("{}: the default model is not there", path.string()),
                "fetch it with: make model");
  }
  if (fs::exists(fs::path(name), error)) return fs::path(name);
  if (!is_hub_id(name)) {
    return fail(ErrorCode::kNotFound, fmt::format("model {}: no such file or folder", quote(name)));
  }
  if (const auto path = snapshot(hub_folder(name))) return *path;
  return fail(ErrorCode::kNotFound,
              fmt::format("model {}: no such file or folder, and not in the Hugging Face cache {}",
                          quote(name), hub_cache().string()),
              fmt::format("fetch it with: huggingface-cli download {}", name));
}

std::vector<FoundModel> find_models() {
  std::vector<FoundModel> models;
  add_if_recognised("", default_model(), models);
  for (const fs::path& folder : entries(hub_cache())) {
    std::string id = folder.filename().string();
    if (!id.starts_with(kCachePrefix)) continue;
    id.erase(0, kCachePrefix.size());
    if (const size_t separator = id.find("--"); separator != std::string::npos) id.replace(separator, 2, "/");
    const auto path = snapshot(folder);
    if (!path) continue;
    add_if_recognised(id, *path, models);
    // A repository of GGUF files holds several models, each named by its path; the first part names a split
    // one.
    for (const fs::path& file : entries(*path)) {
      const auto part = parse_gguf_part_name(file.filename().string());
      const bool is_first = !part || part->number == 1;
      if (file.extension() == ".gguf" && is_first) add_if_recognised(file.string(), file, models);
    }
  }
  return models;
}

}  // namespace limpid
