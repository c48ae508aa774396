#include "base/utf8.h"

#include <cstdint>

namespace limpid {
namespace {

bool is_continuation(std::string_view text, size_t i) {
  return i < text.size() && (static_cast<uint8_t>(text[i]) & 0xC0) == 0x80;
}

// The lowest code point that needs `length` bytes.
constexpr char32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};

size_t length_of_lead(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

char32_t utf8_code_point(std::string_view character) {
  const auto lead = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return lead;
  char32_t point = lead & (0x7F >> character.size());
  for (size_t i = 1; i < character.size(); ++i)
    point = point << 6 | (static_cast<uint8_t>(character[i]) & 0x3F);
  return point;
}

size_t utf8_length(std::string_view text) {
  if (text.empty()) return 0;
  const size_t length = length_of_lead(static_cast<uint8_t>(text[0]));
  for (size_t i = 1; i < length; ++i) {
    if (!is_continuation(text, i)) return 0;
  }
  if (length <= 1) return length;
  const char32_t point = utf8_code_point(text.substr(0, length));
  const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
  return point < kLowest[length] || surrogate || point > 0x10FFFF ? 0 : length;
}

}  // namespace limpid
