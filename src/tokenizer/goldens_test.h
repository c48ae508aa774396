// Committed tokenizers and their goldens, for the tests of this folder.
#pragma once

#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/tokenizer.h"

namespace limpid::test {

/// A text, what Hugging Face encodes it to, and what that decodes to without special tokens.
struct Golden {
  std::string text;
  std::vector<int> ids;
  std::string decoded;
};

/// testdata/tokenizers/NAME.goldens.json.
std::vector<Golden> read_goldens(std::string_view name);

/// testdata/tokenizers/NAME: a .gguf file, or a folder that needs no config.json.
Checkpoint tokenizer_checkpoint(std::string_view name);

/// The bytes of the pieces that are not special.
std::string text_of(const std::vector<Piece>& pieces);

/// A character from anywhere in Unicode, ASCII half of the time; never "▁", which stands for a space.
std::string random_character(std::mt19937& random);

}  // namespace limpid::test
