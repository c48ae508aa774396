// Bytes that one token contributes to the text: the decoder of a tokenizer.json applied to a single token,
// before anything is made of incomplete characters.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "tokenizer/engine.h"

namespace limpid {

class TokenBytes {
 public:
  /// `decoder_json` is the decoder of a tokenizer.json, "null" for none. Errors: kUnsupported, naming a
  /// decoder that does not work token by token.
  static Result<TokenBytes> parse(std::string_view decoder_json, std::string_view origin);

  /// Without regard to the position in a text. A special token gives its name.
  std::string bytes(const VocabularyToken& token) const;

  /// Takes off what decoding drops at the start of a text. `texts` are the bytes of its tokens in order,
  /// special ones left out.
  void trim_start(std::span<std::string* const> texts) const;

 private:
  struct Reader;

  bool byte_level_ = false;     // characters stand for bytes, as in GPT-2
  bool byte_fallback_ = false;  // "<0xE3>" stands for a byte
  std::vector<std::pair<std::string, std::string>> replacements_;
  size_t strip_start_ = 0;          // at most so many spaces are dropped at the start
  bool strip_first_token_ = false;  // the first token loses every space
};

}  // namespace limpid
