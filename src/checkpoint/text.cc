#include "checkpoint/text.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace limpid {
namespace {

constexpr size_t kMaxQuoted = 80;

uint8_t byte_at(std::string_view text, size_t i) {
  return static_cast<uint8_t>(text[i]);
}

/// Length of the well-formed UTF-8 character at `text[i]`; 0 when there is none.
size_t character_length(std::string_view text, size_t i) {
  const uint8_t lead = byte_at(text, i);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > text.size() - i) return 0;
  for (size_t j = 1; j < length; ++j) {
    if ((byte_at(text, i + j) & 0xC0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and values past U+10FFFF are excluded by the second byte.
  const uint8_t second = byte_at(text, i + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return 0;
  if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return 0;
  return length;
}

/// C0 controls, DEL, and the C1 controls (U+0080 to U+009F).
bool is_control(std::string_view text, size_t i, size_t length) {
  const uint8_t lead = byte_at(text, i);
  return lead < 0x20 || lead == 0x7F || (length == 2 && lead == 0xC2 && byte_at(text, i + 1) < 0xA0);
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = character_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string quote(std::string_view text) {
  std::string out = "'";
  for (size_t i = 0; i < text.size();) {
    if (out.size() > kMaxQuoted) {
      out += "...";
      break;
    }
    const size_t length = character_length(text, i);
    if (length == 0 || is_control(text, i, length)) {
      out += fmt::format("\\x{:02x}", byte_at(text, i));
      i += 1;
      // A two-byte control character is shown as both of its bytes.
      if (length == 2) out += fmt::format("\\x{:02x}", byte_at(text, i++));
    } else {
      out += text.substr(i, length);
      i += length;
    }
  }
  return out + "'";
}

std::string describe_start(std::span<const std::byte> bytes) {
  if (bytes.empty()) return "an empty file";
  static constexpr std::array<std::pair<std::string_view, const char*>, 8> kKnown = {{
      {"version https://git-lfs", "a Git LFS pointer (the file itself was not downloaded: git lfs pull)"},
      {"<!DOCTYPE", "an HTML page"},
      {"<!doctype", "an HTML page"},
      {"<html", "an HTML page"},
      {"GGUF", "a GGUF file"},
      {"PK\x03\x04", "a ZIP archive (PyTorch weights?)"},
      {"\x80\x02", "a Python pickle (PyTorch weights?)"},
      {"\x89HDF", "an HDF5 file"},
  }};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const auto& [start, description] : kKnown) {
    if (text.starts_with(start)) return description;
  }
  return "a file that starts with " + quote(text.substr(0, std::min<size_t>(8, text.size())));
}

tl::unexpected<Error> corrupt(std::string_view origin, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", origin, what),
              "incomplete download or corrupt file?");
}

}  // namespace limpid
