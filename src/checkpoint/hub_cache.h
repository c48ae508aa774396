// The cache that Hugging Face's programs keep: models--ORG--NAME/snapshots/COMMIT/ with the files (or links
// to them), and models--ORG--NAME/refs/BRANCH with the commit of a branch. Internal to this folder and its
// users.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace limpid {

/// $HF_HUB_CACHE, $HF_HOME/hub, or ~/.cache/huggingface/hub.
std::filesystem::path hub_cache();

/// "name", "org/name", or either with "@REVISION": a branch, tag or commit.
struct HubId {
  std::string repository;
  std::string revision;  // "" for the main branch
};

/// nullopt for what the hub would not take as a name.
std::optional<HubId> parse_hub_id(std::string_view name);

/// The folder of the revision; without one that of the main branch or, where that is not recorded, of the
/// only snapshot. nullopt when it is not there.
std::optional<std::filesystem::path> find_snapshot(const HubId& id);

struct CachedModel {
  std::string id;
  std::filesystem::path snapshot;
};
/// Every repository with a snapshot of its main branch, sorted by folder.
std::vector<CachedModel> cached_models();

/// What to do about a file that `folder` lacks: the command, where the folder is a snapshot in a cache.
std::string fetch_hint(const std::filesystem::path& folder, std::string_view file);

}  // namespace limpid
