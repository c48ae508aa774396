#include "api/vocabulary.h"

#include <algorithm>
#include <ctime>
#include <fmt/format.h>

#include "api/open_model.h"

namespace limpid {

Vocabulary::Vocabulary(const Checkpoint& checkpoint)
    : tokenizer_(Tokenizer::load(checkpoint).map([](Tokenizer&& t) {
        return std::make_shared<const Tokenizer>(std::move(t));
      })),
      chat_template_(find_chat_template(checkpoint).map([](ChatTemplate&& t) {
        return std::make_shared<const ChatTemplate>(std::move(t));
      })) {}

Result<Vocabulary> Vocabulary::open(std::string_view model, std::string_view adapter) {
  LIMPID_TRY(const Checkpoint checkpoint, open_model(model, adapter));
  Vocabulary vocabulary(checkpoint);
  if (!vocabulary.tokenizer_) return tl::unexpected<Error>(vocabulary.tokenizer_.error());
  return vocabulary;
}

Result<std::string> Vocabulary::conversation(const Prompt& prompt) const {
  if (!chat_template_) return tl::unexpected<Error>(chat_template_.error());
  const auto name = [&](const std::optional<int>& id) {
    return id ? std::optional((*tokenizer_)->piece(*id).bytes) : std::nullopt;
  };
  std::vector<ChatMessage> messages;
  if (!prompt.system.empty()) messages.push_back({"system", prompt.system});
  messages.push_back({"user", prompt.text});
  ChatInput input = {messages, name((*tokenizer_)->bos_id()), name((*tokenizer_)->eos_id())};
  const std::time_t now = std::time(nullptr);
  ::localtime_r(&now, &input.now);
  return render_chat(**chat_template_, input);
}

Result<std::vector<int>> Vocabulary::encode(const Prompt& prompt, std::vector<std::string>& warnings) const {
  if (!prompt.ids.empty()) return prompt.ids;
  if (!tokenizer_) return tl::unexpected<Error>(tokenizer_.error());
  std::string text = prompt.text;
  AddBos bos = prompt.bos;
  if (prompt.chat) {
    LIMPID_TRY(text, conversation(prompt));
    if (bos == AddBos::kAsTokenizer) bos = AddBos::kNo;
  }
  LIMPID_TRY(Encoding encoding, (*tokenizer_)->encode(text, bos));
  if (encoding.doubled_bos) {
    warnings.push_back(
        "the prompt begins with the BOS token that the tokenizer also adds: it now stands twice "
        "(--no-bos adds none)");
  }
  if (encoding.ids.empty()) {
    return fail(ErrorCode::kInvalidArgument, "prompt: expected at least one token, found an empty text");
  }
  return std::move(encoding.ids);
}

Result<std::vector<Piece>> Vocabulary::pieces(std::span<const int> ids) const {
  // A padded embedding has more rows than the tokenizer has tokens.
  if (std::ranges::all_of(ids, [&](int id) { return knows(id); })) return (*tokenizer_)->pieces(ids);
  std::vector<Piece> pieces;
  for (const int id : ids) pieces.push_back(piece(id));
  return pieces;
}

Piece Vocabulary::piece(int id) const {
  if (knows(id)) return (*tokenizer_)->piece(id);
  Piece piece;
  piece.id = id;
  piece.text = fmt::format("#{}", id);
  return piece;
}

std::vector<int> Vocabulary::text_prefix() const {
  std::vector<std::string> warnings;
  const auto with = encode({.text = "a"}, warnings);
  const auto without = encode({.text = "a", .bos = AddBos::kNo}, warnings);
  if (!with || !without || with->size() <= without->size()) return {};
  return {with->begin(), with->end() - static_cast<std::ptrdiff_t>(without->size())};
}

std::vector<int> Vocabulary::ordinary_ids() const {
  std::vector<int> ids;
  for (int id = 0; id < n_vocab(); ++id) {
    const Piece piece = this->piece(id);
    if (!piece.special && !piece.bytes.empty()) ids.push_back(id);
  }
  return ids;
}

}  // namespace limpid
