// What opening a tokenizer yields, wherever it comes from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tokenizer/engine.h"

namespace limpid {

struct LoadedTokenizer {
  Engine engine;
  std::vector<int> prefix;  // put before a text by default: BOS, or nothing
  std::optional<int> bos;
  std::optional<int> eos;
  std::string source;  // "tokenizer.json", "GGUF gpt2/smollm"
};

/// The object that "added_tokens" of a tokenizer.json holds for a token without options, as JSON text.
std::string added_token_json(std::string_view content, bool special);

}  // namespace limpid
