#include "checkpoint/metadata.h"

#include <array>
#include <cmath>
#include <fmt/format.h>

#include "checkpoint/text.h"

namespace limpid {
namespace {

std::string describe(const MetadataValue& value) {
  static constexpr std::array<const char*, std::variant_size_v<MetadataValue>> kLists = {
      "", "", "", "", "a list of booleans", "a list of integers", "a list of numbers", "a list of strings"};
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (const auto* integer = std::get_if<int64_t>(&value)) return fmt::format("{}", *integer);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&value)) return "the string " + quote(*text);
  return kLists[value.index()];
}

tl::unexpected<Error> wrong_type(std::string_view key, const char* expected, const MetadataValue& found) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("metadata {}: expected {}, found {}", quote(key), expected, describe(found)));
}

/// The value, nullptr when absent, or why it could not be kept.
Result<const MetadataValue*> look_up(const Metadata& metadata, std::string_view key) {
  if (const auto it = metadata.omitted().find(key); it != metadata.omitted().end()) {
    return fail(ErrorCode::kUnsupported, fmt::format("metadata {}: {}", quote(key), it->second));
  }
  return metadata.find(key);
}

/// Whether `number` is an integer that int64_t holds.
bool is_integer(double number) {
  return std::trunc(number) == number && number >= -0x1p63 && number < 0x1p63;
}

}  // namespace

const MetadataValue* Metadata::find(std::string_view key) const {
  const auto it = values_.find(key);
  return it == values_.end() ? nullptr : &it->second;
}

Result<std::optional<int64_t>> Metadata::get_int(std::string_view key) const {
  LIMPID_TRY(const MetadataValue* value, look_up(*this, key));
  if (value == nullptr) return std::nullopt;
  if (const auto* integer = std::get_if<int64_t>(value)) return *integer;
  if (const auto* number = std::get_if<double>(value); number != nullptr && is_integer(*number)) {
    return static_cast<int64_t>(*number);
  }
  return wrong_type(key, "an integer", *value);
}

Result<std::optional<double>> Metadata::get_double(std::string_view key) const {
  LIMPID_TRY(const MetadataValue* value, look_up(*this, key));
  if (value == nullptr) return std::nullopt;
  if (const auto* number = std::get_if<double>(value)) return *number;
  if (const auto* integer = std::get_if<int64_t>(value)) return static_cast<double>(*integer);
  return wrong_type(key, "a number", *value);
}

Result<std::optional<bool>> Metadata::get_bool(std::string_view key) const {
  LIMPID_TRY(const MetadataValue* value, look_up(*this, key));
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = std::get_if<bool>(value)) return *flag;
  return wrong_type(key, "true or false", *value);
}

Result<std::optional<std::string>> Metadata::get_string(std::string_view key) const {
  LIMPID_TRY(const MetadataValue* value, look_up(*this, key));
  if (value == nullptr) return std::nullopt;
  if (const auto* text = std::get_if<std::string>(value)) return *text;
  return wrong_type(key, "a string", *value);
}

}  // namespace limpid
