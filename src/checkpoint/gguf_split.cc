#include "checkpoint/gguf_split.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr size_t kDigits = 5;  // of both numbers in a name

/// Takes exactly kDigits digits from the end of `text`.
std::optional<size_t> take_number(std::string_view& text) {
  if (text.size() < kDigits) return std::nullopt;
  const std::string_view digits = text.substr(text.size() - kDigits);
  size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + kDigits, number);
  if (error != std::errc() || end != digits.data() + kDigits) return std::nullopt;
  text.remove_suffix(kDigits);
  return number;
}

bool take_suffix(std::string_view& text, std::string_view suffix) {
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

/// A number of the metadata that a part must have, from `least` to `most`.
Result<size_t> read_number(const Metadata& metadata, std::string_view key, int64_t least, int64_t most,
                           std::string_view origin) {
  const auto value = metadata.get_int(key);
  if (!value) return corrupt(origin, value.error().message);
  if (!*value || **value < least || **value > most) {
    return corrupt(
        origin, fmt::format("{}: expected a number from {} to {} in a part of a split model, found {}", key,
                            least, most, *value ? fmt::format("{}", **value) : "none"));
  }
  return static_cast<size_t>(**value);
}

}  // namespace

std::string GgufPartName::file_name() const {
  return fmt::format("{}-{:0{}}-of-{:0{}}.gguf", stem, number, kDigits, count, kDigits);
}

std::optional<GgufPartName> parse_gguf_part_name(std::string_view name) {
  if (!take_suffix(name, ".gguf")) return std::nullopt;
  const auto count = take_number(name);
  if (!count || !take_suffix(name, "-of-")) return std::nullopt;
  const auto number = take_number(name);
  if (!number || !take_suffix(name, "-") || *number < 1 || *number > *count) return std::nullopt;
  return GgufPartName{std::string(name), *number, *count};
}

Result<std::optional<GgufSplit>> read_gguf_split(const Metadata& metadata, std::string_view origin) {
  constexpr int64_t kMaxParts = 0xFFFF;
  constexpr int64_t kMaxTensors = 0x7FFFFFFF;
  // A file that was never split may say so with a count of 1, or of 0.
  if (!metadata.contains("split.count") && !metadata.omitted().contains("split.count")) return std::nullopt;
  GgufSplit split;
  LIMPID_TRY(split.count, read_number(metadata, "split.count", 0, kMaxParts, origin));
  if (split.count <= 1) return std::nullopt;
  LIMPID_TRY(const size_t number,
             read_number(metadata, "split.no", 0, static_cast<int64_t>(split.count) - 1, origin));
  split.number = number + 1;
  LIMPID_TRY(split.n_tensor, read_number(metadata, "split.tensors.count", 0, kMaxTensors, origin));
  return split;
}

}  // namespace limpid
