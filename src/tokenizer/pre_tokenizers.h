// The pre-tokenizers that tokenizer.ggml.pre names, as the tokenizer.json of the model each name was coined
// for writes them: one row each.
#pragma once

#include <string>
#include <string_view>

namespace limpid {

struct PreTokenizer {
  std::string_view name;           // value of tokenizer.ggml.pre
  std::string_view normalizer;     // JSON
  std::string_view pre_tokenizer;  // JSON
  bool ignore_merges = false;      // a word that is a token is not split further, whatever the merges say
  bool add_bos = false;            // when the file does not say
};

/// nullptr for an unknown name.
const PreTokenizer* find_pre_tokenizer(std::string_view name);

/// "bloom, command-r, ...", for messages.
std::string pre_tokenizer_names();

}  // namespace limpid
