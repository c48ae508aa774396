#include "cli/terminal.h"

#include <algorithm>
#include <array>
#include <clocale>
#include <cmath>
#include <cstdlib>
#include <cwchar>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace limpid {

namespace {

const char* escape_of(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      return "";
    case Ink::kBold:
      return "\033[1m";
    case Ink::kMuted:
      return "\033[2m";
    case Ink::kAttention:
      return "\033[34m";
    case Ink::kResidual:
      return "\033[90m";
    case Ink::kFfn:
      return "\033[33m";
    case Ink::kProbability:
      return "\033[36m";
    case Ink::kStronger:
      return "\033[32m";
    case Ink::kWeaker:
      return "\033[35m";
    case Ink::kError:
      return "\033[31m";
  }
  return "";
}

constexpr std::string_view kShades = " .:-=+*#%@";
/// Colours of the 256 that terminals share: dark blue to white, dark red to yellow. The first is not used.
constexpr std::array<int, kShades.size()> kAttentionColours = {0, 17, 18, 19, 20, 26, 32, 75, 117, 195};
constexpr std::array<int, kShades.size()> kContributionColours = {0,   52,  88,  124, 160,
                                                                  166, 208, 214, 220, 229};

/// The code point at `text`, and its length in bytes; malformed bytes count as one column each.
struct CodePoint {
  char32_t value;
  size_t n_byte;
};

CodePoint decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  const size_t n = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  if (n == 1 || n > text.size()) return {lead, 1};
  char32_t value = lead & (0xFFu >> (n + 1));
  for (size_t i = 1; i < n; ++i) value = (value << 6) | (byte(i) & 0x3Fu);
  return {value, n};
}

int width_of(char32_t code_point) {
  const int width = ::wcwidth(static_cast<wchar_t>(code_point));
  return width < 0 ? 1 : width;
}

/// The longest prefix of at most `width` columns.
std::string_view prefix(std::string_view text, int width) {
  size_t end = 0;
  for (int used = 0; end < text.size();) {
    const CodePoint c = decode(text.substr(end));
    used += width_of(c.value);
    if (used > width) break;
    end += c.n_byte;
  }
  return text.substr(0, end);
}

}  // namespace

Terminal Terminal::of_stdout() {
  const bool is_terminal = ::isatty(STDOUT_FILENO) == 1;
  const char* no_colour = std::getenv("NO_COLOR");
  int width = 80;
  winsize size = {};
  if (is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) width = size.ws_col;
  if (const char* columns = std::getenv("COLUMNS")) {
    const int asked = std::atoi(columns);
    if (asked > 0) width = asked;
  }
  return {is_terminal && (no_colour == nullptr || *no_colour == '\0'), width};
}

std::string Terminal::paint(Ink ink, std::string_view text) const {
  if (!colour_ || ink == Ink::kPlain || text.empty()) return std::string(text);
  return fmt::format("{}{}\033[0m", escape_of(ink), text);
}

std::string Terminal::shade(Ramp ramp, double value, int columns) const {
  constexpr auto kSteps = static_cast<double>(kShades.size() - 1);
  const auto step = static_cast<size_t>(std::lround(std::clamp(value, 0.0, 1.0) * kSteps));
  const auto n = static_cast<size_t>(columns);
  if (!colour_ || step == 0) return std::string(n, kShades[step]);
  const int colour = (ramp == Ramp::kAttention ? kAttentionColours : kContributionColours)[step];
  return fmt::format("\033[48;5;{}m{}\033[0m", colour, std::string(n, ' '));
}

int display_width(std::string_view text) {
  int width = 0;
  for (size_t i = 0; i < text.size();) {
    const CodePoint c = decode(text.substr(i));
    width += width_of(c.value);
    i += c.n_byte;
  }
  return width;
}

std::string fit(std::string_view text, int width) {
  std::string out(text);
  if (display_width(text) > width) out = width > 0 ? std::string(prefix(text, width - 1)) + "…" : "";
  out.append(static_cast<size_t>(width - display_width(out)), ' ');
  return out;
}

std::string fit_right(std::string_view text, int width) {
  std::string out = fit(text, width);
  const size_t end = out.find_last_not_of(' ');
  const size_t blanks = end == std::string::npos ? out.size() : out.size() - end - 1;
  return std::string(blanks, ' ') + out.substr(0, out.size() - blanks);
}

std::string wrap(std::string_view text, int indent, int width) {
  std::string out;
  int column = indent;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    const int n = display_width(word);
    if (column > indent && column + 1 + n > width) {
      out += fmt::format("\n{:{}}", "", indent);
      column = indent;
    }
    if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += n;
  }
  return out;
}

}  // namespace limpid
