// The tokenizers crate as a C++ value: ids of a text, tokens of ids. Knows nothing of files, BOS or display.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

struct LimpidTokenizer;

namespace limpid {

/// A vocabulary entry as it is written in the vocabulary.
struct VocabularyToken {
  std::string content;
  bool added = false;  // found as a whole in the text, before the model sees it
  bool special = false;
};

class Engine {
 public:
  /// From the bytes of a tokenizer.json; `origin` begins the error messages. Errors: kCorrupt.
  static Result<Engine> from_json(std::string_view json, std::string_view origin);

  /// From a tokenizer.json whose BPE model is empty, and the vocabulary: token i has id i ("" leaves the id
  /// unused); `merges` holds two halves a merge, best merge first. Errors: kCorrupt.
  static Result<Engine> from_bpe(std::string_view parts_json, std::span<const std::string_view> tokens,
                                 std::span<const std::string_view> merges, std::string_view origin);

  /// Adds the objects of a JSON array as "added_tokens" of a tokenizer.json lists them, without the ids:
  /// known texts keep theirs. Errors: kCorrupt.
  Status add_tokens(std::string_view json_array);

  /// Whether a byte-level pre-tokenizer that stands alone puts a space before a text that has none: settings
  /// beside a tokenizer.json overrule it.
  void set_prefix_space(bool add);

  /// Errors: kCorrupt when the tokenizer cannot represent the text (which must be UTF-8).
  Result<std::vector<int>> encode(std::string_view text) const;

  /// What the post-processor puts before a text. Errors: kCorrupt.
  Result<std::vector<int>> prefix() const;

  /// nullopt when no token has the id.
  std::optional<VocabularyToken> token(int id) const;
  std::optional<int> id(std::string_view content) const;

  /// Largest id plus one; fits an int.
  int size() const { return size_; }

  /// The decoder of the tokenizer.json, as JSON text.
  Result<std::string> decoder_json() const;

 private:
  struct Release {
    void operator()(LimpidTokenizer* handle) const;
  };
  using Handle = std::unique_ptr<LimpidTokenizer, Release>;

  Engine(Handle handle, std::string origin) : handle_(std::move(handle)), origin_(std::move(origin)) {}
  static Result<Engine> make(Handle handle, std::string_view origin);
  Status update_size();
  tl::unexpected<Error> corrupt(std::string_view problem) const;

  Handle handle_;
  std::string origin_;
  int size_ = 0;
};

}  // namespace limpid
