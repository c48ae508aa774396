// A checkpoint format: one file in formats/, registered by its name (cmake/Limpid.cmake).
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "checkpoint/checkpoint.h"

namespace limpid {

struct Format {
  std::string_view name;
  std::string_view description;  // for `limpid models` and errors: what a user would point at
  std::string_view weights;      // the types that its weights may have
  /// Whether the path looks like this format; cheap, never fails (an unreadable path is false).
  bool (*recognises)(const std::filesystem::path& path);
  Result<Checkpoint> (*open)(const std::filesystem::path& path);
};

std::span<const Format* const> formats();

}  // namespace limpid
