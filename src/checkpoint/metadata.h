// Key/value metadata of a checkpoint: GGUF's table, or config.json flattened with dots
// ("rope_scaling.rope_type"). Look-ups say what was expected and found when a value has another type.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace limpid {

/// Single strings are valid UTF-8; strings in a list are bytes as stored (vocabularies may hold parts of
/// characters). An empty JSON list is an empty list of strings.
using MetadataValue = std::variant<bool, int64_t, double, std::string, std::vector<bool>,
                                   std::vector<int64_t>, std::vector<double>, std::vector<std::string>>;

class Metadata {
 public:
  void set(std::string key, MetadataValue value) {
    values_.insert_or_assign(std::move(key), std::move(value));
  }
  /// Records a key whose value MetadataValue cannot hold (a nested list, say); asking for it gives `reason`.
  void omit(std::string key, std::string reason) {
    omitted_.insert_or_assign(std::move(key), std::move(reason));
  }

  /// Records a key that is there without a value (JSON null): where a default depends on it, that is not the
  /// same as an absent one.
  void set_null(std::string key) { nulls_.insert(std::move(key)); }

  /// Whether the key has a value; an omitted one has none.
  bool contains(std::string_view key) const { return values_.find(key) != values_.end(); }
  bool is_null(std::string_view key) const { return nulls_.find(key) != nulls_.end(); }
  /// nullptr when absent or omitted.
  const MetadataValue* find(std::string_view key) const;
  const std::map<std::string, MetadataValue, std::less<>>& values() const { return values_; }
  /// Key to reason.
  const std::map<std::string, std::string, std::less<>>& omitted() const { return omitted_; }

  /// nullopt when absent (JSON null is absent); kCorrupt when present with another type; kUnsupported when
  /// omitted. An integer is accepted as a double, and a double without fraction as an integer.
  Result<std::optional<int64_t>> get_int(std::string_view key) const;
  Result<std::optional<double>> get_double(std::string_view key) const;
  Result<std::optional<bool>> get_bool(std::string_view key) const;
  Result<std::optional<std::string>> get_string(std::string_view key) const;

 private:
  std::map<std::string, MetadataValue, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> omitted_;
  std::set<std::string, std::less<>> nulls_;
};

}  // namespace limpid
