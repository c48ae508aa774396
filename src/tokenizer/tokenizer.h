// Text to token ids and back, with the ids Hugging Face gives: the `tokenizers` crate behind a small static
// Rust library. Built from tokenizer.json beside a checkpoint, or from the vocabulary inside a GGUF file.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/token.h"

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

struct Encoding {
  std::vector<int> ids;
  bool doubled_bos = false;  // BOS was added although the text already began with it: worth a warning
};

class Tokenizer {
 public:
  /// Uses the vocabulary of a GGUF file, else the tokenizer files in `checkpoint.directory`.
  /// Errors: kNotFound (neither), kUnsupported (a vocabulary, pre-tokenizer or decoder, by name), kCorrupt,
  /// kIo.
  static Result<Tokenizer> load(const Checkpoint& checkpoint);

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  /// Special tokens written in the text ("<|im_start|>") become their ids. EOS is never added, even where the
  /// tokenizer would. Errors: kInvalidArgument for text that is not UTF-8, or kYes for a tokenizer without
  /// BOS; kCorrupt when the vocabulary cannot represent the text.
  Result<Encoding> encode(std::string_view text, AddBos bos = AddBos::kAsTokenizer) const;

  /// One piece per id. Errors: kInvalidArgument for an id outside the vocabulary.
  Result<std::vector<Piece>> pieces(std::span<const int> ids) const;
  /// A single token as the vocabulary knows it, without context: for lists of predictions.
  Piece piece(int id) const;

  /// Largest id plus one; a model may have more rows than that.
  int n_vocab() const;
  std::optional<int> bos_id() const;
  std::optional<int> eos_id() const;
  /// Ids after which a generated text ends, sorted: EOS and what read_stop_ids finds beside it.
  const std::vector<int>& stop_ids() const;
  /// "tokenizer.json", "vocab.json", "GGUF gpt2/smollm" or "GGUF llama".
  std::string_view source() const;

 private:
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace limpid
