#include "tokenizer/text_stream.h"

#include "base/utf8.h"

namespace limpid {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Whether more bytes can make a character of these, which are none yet. The second byte of some characters
/// is limited from above, of others from below; the lowest and the highest possible one are never both
/// excluded.
bool can_become_character(std::string_view bytes) {
  for (const char fill : {'\x80', '\xBF'}) {
    std::string longer(bytes);
    while (longer.size() < 4) {
      longer += fill;
      if (utf8_length(longer) == longer.size()) return true;
    }
  }
  return false;
}

}  // namespace

std::string TextStream::add(std::string_view bytes) {
  held_ += bytes;
  std::string text;
  size_t at = 0;
  while (at < held_.size()) {
    const std::string_view rest = std::string_view(held_).substr(at);
    const size_t length = utf8_length(rest);
    if (length == 0 && can_become_character(rest)) break;
    text += length == 0 ? kReplacement : rest.substr(0, length);
    at += length == 0 ? 1 : length;
  }
  held_.erase(0, at);
  return text;
}

std::string TextStream::finish() {
  std::string text;
  for (size_t i = 0; i < held_.size(); ++i) text += kReplacement;
  held_.clear();
  return text;
}

}  // namespace limpid
