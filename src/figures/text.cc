#include "figures/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>
#include <utility>

#include "base/token_text.h"
#include "base/utf8.h"

namespace limpid {

namespace {

struct Range {
  char32_t first, last;
};

bool in(std::span<const Range> ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](Range r) { return r.first <= c && c <= r.last; });
}

/// Marks that are drawn onto the character before them.
constexpr Range kCombining[] = {
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},     {0x5BF, 0x5C7},    {0x610, 0x61A},
    {0x64B, 0x65F},   {0x670, 0x670},   {0x6D6, 0x6ED},     {0x711, 0x74A},    {0x900, 0x903},
    {0x93A, 0x94F},   {0x981, 0x983},   {0x9BC, 0x9CD},     {0xA01, 0xA03},    {0xA3C, 0xA51},
    {0xABC, 0xACD},   {0xB3C, 0xB57},   {0xBBE, 0xBCD},     {0xC3E, 0xC56},    {0xCBC, 0xCD6},
    {0xD3B, 0xD4D},   {0xDCA, 0xDDF},   {0xE31, 0xE31},     {0xE34, 0xE3A},    {0xE47, 0xE4E},
    {0xEB1, 0xEBC},   {0xEC8, 0xECD},   {0xF71, 0xF84},     {0x102B, 0x103E},  {0x17B4, 0x17D3},
    {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200C, 0x200D},   {0x20D0, 0x20FF},  {0x3099, 0x309A},
    {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0x1F3FB, 0x1F3FF}, {0xE0100, 0xE01EF}};

/// Characters one em wide in every font that has them.
constexpr Range kWide[] = {{0x1100, 0x115F}, {0x2E80, 0x303E}, {0x3041, 0x33FF},
                           {0x3400, 0x4DBF}, {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3},
                           {0xF900, 0xFAFF}, {0xFF00, 0xFF60}, {0x20000, 0x3FFFD}};

/// Scripts and signs that the usual fonts have in widths that are known: Latin, Greek, Cyrillic, punctuation,
/// and the marks that we set ourselves.
constexpr Range kUsual[] = {{0x20, 0x7E},     {0xA0, 0x24F},    {0x370, 0x3FF},   {0x400, 0x45F},
                            {0x2010, 0x2027}, {0x2190, 0x2193}, {0x21E5, 0x21E5}, {0x23CE, 0x23CE},
                            {0x2212, 0x2212}, {0x25CC, 0x25CC}};

constexpr double kMonospaced = 0.605, kWideEm = 1.02, kRareEm = 1.1, kEmojiEm = 1.35;

/// In em, of a proportional font: no less than in DejaVu Sans, the widest of those that stand in for Inter.
double proportional_width(char32_t c) {
  constexpr std::string_view kThin = "ijlI.,:;'|!", kNarrow = "frt()[]-/\\\" ", kBroad = "mwMW%@+=<>~^";
  if (c >= 0x80) return c == 0xA0 ? 0.465 : c == 0xB7 ? 0.4 : c >= 0x2190 && c <= 0x2400 ? 0.9 : 0.79;
  const char ascii = static_cast<char>(c);
  if (kThin.find(ascii) != std::string_view::npos) return 0.345;
  if (kNarrow.find(ascii) != std::string_view::npos) return 0.465;
  if (kBroad.find(ascii) != std::string_view::npos) return 0.995;
  return ascii >= 'A' && ascii <= 'Z' ? 0.79 : 0.645;
}

double width_of(char32_t c, Font font) {
  if (in(kUsual, c)) {
    const bool arrow = c >= 0x21E5 && c <= 0x2400;  // often taken from another font
    return font == Font::kText ? proportional_width(c) : arrow ? 1.0 : kMonospaced;
  }
  if (in(kCombining, c)) return 0;
  if (in(kWide, c)) return kWideEm;
  return c >= 0x1F000 ? kEmojiEm : kRareEm;
}

/// Calls `visit(character, code point)` for each; bytes that are not UTF-8 come singly, as U+FFFD.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const size_t length = std::max<size_t>(utf8_length(text), 1);
    const std::string_view character = text.substr(0, length);
    visit(character, utf8_length(character) == 0 ? char32_t{0xFFFD} : utf8_code_point(character));
    text.remove_prefix(length);
  }
}

/// "·×45" for runs of one blank.
std::string fold_runs(std::string_view text) {
  constexpr size_t kLongest = 3;
  std::string out;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = std::min(text.find_first_not_of(text[begin], begin), text.size());
    const bool blank = text[begin] == ' ' || text[begin] == '\n' || text[begin] == '\t';
    if (blank && end - begin > kLongest) {
      out += fmt::format("{}×{}", mark_blanks(text.substr(begin, 1)), end - begin);
    } else if (!blank) {
      end = std::min(text.find_first_of(" \n\t", begin), text.size());
      out += mark_blanks(text.substr(begin, end - begin));
    } else {
      out += mark_blanks(text.substr(begin, end - begin));
    }
  }
  return out;
}

}  // namespace

double text_size(double width) {
  return std::clamp(6 + width / 140, 7.5, 24.0);
}

double text_width(std::string_view text, Font font, double size, bool bold) {
  double em = 0;
  for_each_character(text, [&](std::string_view, char32_t c) { em += width_of(c, font); });
  const bool grows = bold && font == Font::kText;  // monospaced fonts keep their pitch
  return em * size * (grows ? kBold : 1);
}

bool is_unpredictable(std::string_view text) {
  bool found = false;
  for_each_character(text, [&](std::string_view, char32_t c) { found |= !in(kUsual, c) && !in(kWide, c); });
  return found;
}

std::string fit_text(std::string_view text, Font font, double size, double width) {
  if (text_width(text, font, size) <= width) return std::string(text);
  double used = text_width("…", font, size);
  if (used > width) return "";
  std::string out;
  bool full = false;
  for_each_character(text, [&](std::string_view character, char32_t c) {
    used += width_of(c, font) * size;
    full |= used > width;
    if (!full) out += character;
  });
  return out + "…";
}

std::vector<std::string> wrap_text(std::string_view text, Font font, double size, double width) {
  std::vector<std::string> lines;
  std::string line;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string longer = line.empty() ? std::string(word) : line + " " + std::string(word);
    if (!line.empty() && text_width(longer, font, size) > width) {
      lines.push_back(std::exchange(line, std::string(word)));
    } else {
      line = longer;
    }
  }
  if (!line.empty()) lines.push_back(line);
  for (std::string& each : lines) each = fit_text(each, font, size, width);
  return lines;
}

std::string token_label(const Piece& piece) {
  const std::string text = fold_runs(piece.text);
  const size_t length = utf8_length(text);
  const bool alone = length > 0 && in(kCombining, utf8_code_point(std::string_view(text).substr(0, length)));
  return alone ? "\u25CC" + text : text;
}

std::string weight_text(double weight) {
  return fmt::format("{:.2f}", weight);
}

std::string contribution_text(double share) {
  if (share == 0) return "0";
  const std::string text = fmt::format("{:.3f}", share);
  return text.starts_with("0.") ? text.substr(1) : text;
}

std::string percent_text(double share) {
  const double percent = share * 100;
  if (percent < 0.1) return percent > 0 ? "<0.1%" : "0%";
  return percent < 9.95 ? fmt::format("{:.1f}%", percent) : fmt::format("{:.0f}%", percent);
}

}  // namespace limpid
