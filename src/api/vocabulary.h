// Prompts to ids and ids to texts, for a model with or without a tokenizer.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/token.h"

#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "tokenizer/chat_template.h"
#include "tokenizer/tokenizer.h"

namespace limpid {

class Vocabulary {
 public:
  /// Never fails: a model without a tokenizer still runs on ids, and its error is reported when text is used.
  explicit Vocabulary(const Checkpoint& checkpoint);
  /// Of a model that need not be supported otherwise. Errors: as open_model, Tokenizer::load.
  static Result<Vocabulary> open(std::string_view model, std::string_view adapter = {});

  /// Ids of the prompt. Adds to `warnings` (a doubled BOS). Errors: no tokenizer, an empty text; with
  /// prompt.chat also as find_chat_template and render_chat.
  Result<std::vector<int>> encode(const Prompt& prompt, std::vector<std::string>& warnings) const;
  /// One piece per id, in context. Ids without a text of their own stand in as "#123".
  Result<std::vector<Piece>> pieces(std::span<const int> ids) const;
  /// A single id without context.
  Piece piece(int id) const;

  /// What the tokenizer puts before every text: BOS, or nothing.
  std::vector<int> text_prefix() const;
  /// Ids that a text may hold: no special ones, and none without a token.
  std::vector<int> ordinary_ids() const;
  /// Ids after which a generated text ends, sorted; none without a tokenizer.
  std::vector<int> stop_ids() const { return tokenizer_ ? (*tokenizer_)->stop_ids() : std::vector<int>(); }
  /// 0 without a tokenizer.
  int n_vocab() const { return tokenizer_ ? (*tokenizer_)->n_vocab() : 0; }

 private:
  Result<std::string> conversation(const Prompt& prompt) const;
  bool knows(int id) const { return id >= 0 && id < n_vocab(); }

  Result<std::shared_ptr<const Tokenizer>> tokenizer_;
  Result<std::shared_ptr<const ChatTemplate>> chat_template_;  // its error is reported when it is asked for
};

}  // namespace limpid
