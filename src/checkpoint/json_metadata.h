// config.json as Metadata.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "base/result.h"
#include "checkpoint/metadata.h"

namespace limpid {

/// Flattens a JSON object: {"a": {"b": 1}} has the key "a.b". Lists of booleans, integers, numbers or strings
/// are kept; other lists, and integers past int64, are omitted with their reason; null is absent.
/// The document must come from parse_json, which bounds its nesting.
/// Errors: kCorrupt (not an object, two keys that flatten to the same, keys past 1 KiB), naming `origin`.
Result<Metadata> flatten_json(const nlohmann::json& document, std::string_view origin);

}  // namespace limpid
