#include "api/words.h"

#include <charconv>

namespace limpid {

std::optional<HeadId> parse_head(std::string_view text) {
  HeadId id;
  const char* const end = text.data() + text.size();
  const auto layer = std::from_chars(text.data(), end, id.layer);
  if (layer.ec != std::errc() || layer.ptr == end || *layer.ptr != '.') return std::nullopt;
  const auto head = std::from_chars(layer.ptr + 1, end, id.head);
  if (head.ec != std::errc() || head.ptr != end) return std::nullopt;
  return id;
}

std::optional<AddBos> parse_bos(std::string_view text) {
  if (text == "auto") return AddBos::kAsTokenizer;
  if (text == "yes") return AddBos::kYes;
  if (text == "no") return AddBos::kNo;
  return std::nullopt;
}

}  // namespace limpid
