#include "tokenizer/token_bytes.h"

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/utf8.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

/// The byte that a character of a byte-level vocabulary stands for: printable Latin-1 stands for itself, and
/// the other 68 bytes are numbered upwards from U+0100 in their order.
class ByteLevelAlphabet {
 public:
  ByteLevelAlphabet() {
    byte_.fill(-1);
    size_t next = 0x100;
    for (int16_t byte = 0; byte < 256; ++byte) {
      const bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      byte_[printable ? static_cast<size_t>(byte) : next++] = byte;
    }
  }

  /// nullopt when a character of the token is outside the alphabet.
  std::optional<std::string> bytes(std::string_view token) const {
    std::string result;
    while (!token.empty()) {
      const size_t length = utf8_length(token);
      if (length == 0) return std::nullopt;
      const char32_t point = utf8_code_point(token.substr(0, length));
      if (point >= byte_.size() || byte_[point] < 0) return std::nullopt;
      result.push_back(static_cast<char>(byte_[point]));
      token.remove_prefix(length);
    }
    return result;
  }

 private:
  std::array<int16_t, 0x100 + 68> byte_;
};

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

/// The byte of "<0xE3>".
std::optional<char> fallback_byte(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
  const std::optional<int> high = hex_digit(token[3]);
  const std::optional<int> low = hex_digit(token[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high * 16 + *low);
}

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

std::string text_of(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

/// Reads the decoder, which the library has validated when it loaded the file and has written itself.
struct TokenBytes::Reader {
  TokenBytes& target;
  std::string_view origin;
  bool fused = false;

  tl::unexpected<Error> unsupported(const std::string& what) const {
    return fail(ErrorCode::kUnsupported,
                std::string(origin) + ": expected a decoder that works token by token, found " + what);
  }

  Status read(const Json& decoder) {
    const std::string type = text_of(decoder, "type");
    if (type == "Sequence") {
      for (const Json& part : decoder.at("decoders")) LIMPID_CHECK_OK(read(part));
      return {};
    }
    if (type == "ByteLevel") {
      target.byte_level_ = true;
    } else if (type == "ByteFallback") {
      target.byte_fallback_ = true;
    } else if (type == "Fuse") {
      fused = true;
    } else if (type == "Replace") {
      return read_replace(decoder);
    } else if (type == "Metaspace") {
      target.replacements_.emplace_back(text_of(decoder, "replacement"), " ");
      target.strip_first_token_ = text_of(decoder, "prepend_scheme") != "never";
    } else if (type == "Strip") {
      return read_strip(decoder);
    } else {
      return unsupported(quote(type));
    }
    return {};
  }

  Status read_replace(const Json& decoder) {
    const std::string from = text_of(decoder.at("pattern"), "String");
    if (from.empty()) return unsupported("'Replace' of a regular expression");
    target.replacements_.emplace_back(from, text_of(decoder, "content"));
    return {};
  }

  Status read_strip(const Json& decoder) {
    if (!fused || decoder.value("stop", 0) != 0 || text_of(decoder, "content") != " ") {
      return unsupported("'Strip' of something else than spaces at the start of the text");
    }
    target.strip_start_ = decoder.value("start", size_t{0});
    return {};
  }
};

Result<TokenBytes> TokenBytes::parse(std::string_view decoder_json, std::string_view origin) {
  TokenBytes result;
  const Json decoder = Json::parse(decoder_json, nullptr, /*allow_exceptions=*/false);
  if (decoder.is_null()) return result;
  Reader reader{result, origin};
  LIMPID_CHECK_OK(reader.read(decoder));
  return result;
}

std::string TokenBytes::bytes(const VocabularyToken& token) const {
  if (token.special) return token.content;
  // Text that is matched as a whole was never written in the alphabet of bytes.
  if (!token.added && byte_level_) {
    static const ByteLevelAlphabet alphabet;
    return alphabet.bytes(token.content).value_or(token.content);
  }
  if (!token.added && byte_fallback_) {
    if (const std::optional<char> byte = fallback_byte(token.content)) return std::string(1, *byte);
  }
  std::string text = token.content;
  for (const auto& [from, to] : replacements_) replace_all(text, from, to);
  return text;
}

void TokenBytes::trim_start(std::span<std::string* const> texts) const {
  if (strip_first_token_ && !texts.empty()) std::erase(*texts.front(), ' ');
  size_t left = strip_start_;
  for (std::string* text : texts) {
    const size_t spaces = std::min(text->find_first_not_of(' '), text->size());
    const size_t dropped = std::min(spaces, left);
    text->erase(0, dropped);
    left -= dropped;
    if (left == 0 || !text->empty()) return;
  }
}

}  // namespace limpid
