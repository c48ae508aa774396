// What the places that models are looked for in have in common. Internal to this folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace limpid {

/// An environment variable; one that is set but empty counts as not set.
std::optional<std::filesystem::path> environment_path(const char* name);

std::filesystem::path home_folder();

/// What is in a folder, sorted; nothing for what cannot be read.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);

/// Letters, digits, '-', '_' and '.', the first no '.', and no "..": safe as the name of a file or folder.
bool is_plain_word(std::string_view text);

}  // namespace limpid
