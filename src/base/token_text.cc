#include "base/token_text.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/utf8.h"

namespace limpid {

namespace {

struct Range {
  char32_t first, last;
};

/// Characters without ink: controls, zero width, line and paragraph separators, directions, noncharacters.
/// The joiners U+200C and U+200D are not among them: they shape their neighbours.
constexpr Range kInvisible[] = {{0x7F, 0x9F},     {0xAD, 0xAD},      {0x200B, 0x200B}, {0x200E, 0x200F},
                                {0x2028, 0x202E}, {0x2060, 0x206F},  {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB},
                                {0xFFFE, 0xFFFF}, {0xE0000, 0xE007F}};

bool is_invisible(char32_t c) {
  return c < 0x20 || std::ranges::any_of(kInvisible, [c](Range r) { return r.first <= c && c <= r.last; });
}

std::string mark(std::string_view character) {
  if (character == " ") return "·";
  if (character == "\n") return "⏎";
  if (character == "\t") return "⇥";
  const char32_t c = utf8_code_point(character);
  if (c == 0xA0) return "nbsp";
  if (!is_invisible(c)) return std::string(character);
  return c < 0x80 ? fmt::format("\\x{:02x}", static_cast<uint32_t>(c))
                  : fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
}

}  // namespace

std::string mark_blanks(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    out += length == 0 ? std::string(text.substr(0, 1)) : mark(text.substr(0, length));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

}  // namespace limpid
