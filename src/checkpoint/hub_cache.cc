#include "checkpoint/hub_cache.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <system_error>

#include "checkpoint/search_path.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "models--";

/// "models--org--name" to "org/name"; nullopt for other folders.
std::optional<std::string> id_of_folder(std::string folder) {
  if (!folder.starts_with(kPrefix)) return std::nullopt;
  folder.erase(0, kPrefix.size());
  if (const size_t separator = folder.find("--"); separator != folder.npos) folder.replace(separator, 2, "/");
  return folder;
}

std::optional<fs::path> snapshot_of(const fs::path& model_folder, const std::string& revision) {
  std::error_code error;
  const fs::path snapshots = model_folder / "snapshots";
  const auto existing = [&](const std::string& commit) -> std::optional<fs::path> {
    if (!is_plain_word(commit) || !fs::is_directory(snapshots / commit, error)) return std::nullopt;
    return snapshots / commit;
  };
  std::string commit;
  std::ifstream(model_folder / "refs" / (revision.empty() ? "main" : revision)) >> commit;
  if (!commit.empty()) return existing(commit);
  if (!revision.empty()) return existing(revision);
  const auto all = entries_of(snapshots);
  if (all.size() == 1 && fs::is_directory(all.front(), error)) return all.front();
  return std::nullopt;
}

}  // namespace

fs::path hub_cache() {
  const fs::path cache = environment_path("XDG_CACHE_HOME").value_or(home_folder() / ".cache");
  const fs::path hub = environment_path("HF_HOME").value_or(cache / "huggingface") / "hub";
  return environment_path("HF_HUB_CACHE").value_or(hub);
}

std::optional<HubId> parse_hub_id(std::string_view name) {
  HubId id;
  if (const size_t at = name.find('@'); at != name.npos) {
    id.revision = name.substr(at + 1);
    if (!is_plain_word(id.revision)) return std::nullopt;
    name = name.substr(0, at);
  }
  id.repository = name;
  const size_t slash = name.find('/');
  if (slash != name.npos && !is_plain_word(name.substr(0, slash))) return std::nullopt;
  if (!is_plain_word(slash == name.npos ? name : name.substr(slash + 1))) return std::nullopt;
  // The cache writes '/' as "--".
  if (name.find("--") != name.npos) return std::nullopt;
  return id;
}

std::optional<fs::path> find_snapshot(const HubId& id) {
  std::string folder = std::string(kPrefix) + id.repository;
  if (const size_t slash = folder.find('/'); slash != folder.npos) folder.replace(slash, 1, "--");
  return snapshot_of(hub_cache() / folder, id.revision);
}

std::vector<CachedModel> cached_models() {
  std::vector<CachedModel> models;
  for (const fs::path& folder : entries_of(hub_cache())) {
    auto id = id_of_folder(folder.filename().string());
    const auto snapshot = id ? snapshot_of(folder, "") : std::nullopt;
    if (snapshot) models.push_back({*std::move(id), *snapshot});
  }
  return models;
}

std::string fetch_hint(const fs::path& folder, std::string_view file) {
  const fs::path snapshots = folder.parent_path();
  const auto id = snapshots.filename() == "snapshots"
                      ? id_of_folder(snapshots.parent_path().filename().string())
                      : std::nullopt;
  if (!id) return fmt::format("an incomplete download? Fetch {} into the same folder", file);
  return fmt::format("an incomplete download? Fetch it with: huggingface-cli download {} {}", *id, file);
}

}  // namespace limpid
