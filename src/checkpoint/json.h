// Small JSON documents (config.json, a shard index, a request), from hostile bytes to values. Callers include
// <nlohmann/json.hpp>.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"

namespace limpid {

/// Errors: kCorrupt (more than 32 MiB, not JSON, an object with a key twice, nested deeper than 64), naming
/// `origin`.
Result<nlohmann::json> parse_json(std::string_view text, std::string_view origin);

/// Errors: as above; kNotFound, kIo.
Result<nlohmann::json> read_json(const std::filesystem::path& path);

}  // namespace limpid
