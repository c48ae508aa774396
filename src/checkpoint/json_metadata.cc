#include "checkpoint/json_metadata.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/text.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

/// Every key is repeated in the keys below it; without a limit a small file could fill the memory.
constexpr size_t kMaxKey = 1024;

bool is_int64(const Json& value) {
  return value.is_number_integer() &&
         (!value.is_number_unsigned() || std::in_range<int64_t>(value.get<uint64_t>()));
}
bool is_number(const Json& value) {
  return value.is_number();
}
bool is_boolean(const Json& value) {
  return value.is_boolean();
}
bool is_string(const Json& value) {
  return value.is_string();
}

/// nullopt for a list that MetadataValue cannot hold.
std::optional<MetadataValue> list_value(const Json& list) {
  const auto all = [&](bool (*test)(const Json&)) { return std::all_of(list.begin(), list.end(), test); };
  if (all(is_string)) return list.get<std::vector<std::string>>();
  if (all(is_boolean)) return list.get<std::vector<bool>>();
  if (all(is_int64)) return list.get<std::vector<int64_t>>();
  if (all(is_number)) return list.get<std::vector<double>>();
  return std::nullopt;
}

/// nullopt for a value that MetadataValue cannot hold; objects and null do not come here.
std::optional<MetadataValue> plain_value(const Json& value) {
  if (value.is_array()) return list_value(value);
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_string()) return value.get<std::string>();
  if (is_int64(value)) return value.get<int64_t>();
  if (value.is_number_float()) return value.get<double>();
  return std::nullopt;
}

/// The nesting is bounded by parse_json, the length of a key by kMaxKey.
Status flatten(const Json& object, const std::string& prefix, std::string_view origin, Metadata& metadata) {
  for (const auto& [name, value] : object.items()) {
    const std::string key = prefix + name;
    if (key.size() > kMaxKey) {
      return corrupt(origin, fmt::format("expected keys of at most {} bytes, found {}", kMaxKey, quote(key)));
    }
    if (value.is_object()) {
      LIMPID_CHECK_OK(flatten(value, key + ".", origin, metadata));
      continue;
    }
    if (value.is_null()) {
      metadata.set_null(key);
      continue;
    }
    if (metadata.contains(key) || metadata.omitted().contains(key)) {
      return corrupt(origin, fmt::format("the key {} appears twice", quote(key)));
    }
    if (auto plain = plain_value(value)) {
      metadata.set(key, *std::move(plain));
    } else {
      metadata.omit(key, value.is_array() ? "a list of objects, of lists or of mixed types is not supported"
                                          : "the number does not fit in 63 bits");
    }
  }
  return {};
}

}  // namespace

Result<Metadata> flatten_json(const Json& document, std::string_view origin) {
  if (!document.is_object()) {
    return corrupt(origin, fmt::format("expected a JSON object, found {}", document.type_name()));
  }
  Metadata metadata;
  LIMPID_CHECK_OK(flatten(document, "", origin, metadata));
  return metadata;
}

}  // namespace limpid
