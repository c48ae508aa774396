#include "tokenizer/tokenizer.h"

#include <fmt/format.h>

#include "checkpoint/text.h"
#include "tokenizer/display.h"
#include "tokenizer/gguf_tokenizer.h"
#include "tokenizer/hub_tokenizer.h"
#include "tokenizer/stop_ids.h"
#include "tokenizer/token_bytes.h"

namespace limpid {

struct Tokenizer::Impl {
  LoadedTokenizer loaded;
  TokenBytes token_bytes;
  std::vector<int> stop_ids;
};

namespace {

Result<LoadedTokenizer> load_any(const Checkpoint& checkpoint) {
  if (checkpoint.metadata.contains("tokenizer.ggml.model")) {
    return load_gguf_tokenizer(checkpoint.metadata, checkpoint.path.string());
  }
  Result<LoadedTokenizer> beside = load_hub_tokenizer(checkpoint);
  if (!beside && beside.error().code == ErrorCode::kNotFound && checkpoint.dialect == Dialect::kGguf) {
    beside.error().message = fmt::format("{}: no vocabulary inside, nor beside it: {}",
                                         checkpoint.path.string(), beside.error().message);
  }
  return beside;
}

Result<std::vector<int>> prefix_for(const LoadedTokenizer& loaded, AddBos bos) {
  if (bos == AddBos::kNo) return std::vector<int>();
  if (bos == AddBos::kAsTokenizer || !loaded.prefix.empty()) return loaded.prefix;
  if (loaded.bos) return std::vector<int>{*loaded.bos};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: asked to add BOS, but this tokenizer has none", loaded.source));
}

}  // namespace

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<Tokenizer> Tokenizer::load(const Checkpoint& checkpoint) {
  LIMPID_TRY(LoadedTokenizer loaded, load_any(checkpoint));
  LIMPID_TRY(const std::string decoder, loaded.engine.decoder_json());
  LIMPID_TRY(TokenBytes token_bytes, TokenBytes::parse(decoder, loaded.source));
  LIMPID_TRY(std::vector<int> stop_ids, read_stop_ids(checkpoint, loaded.eos, loaded.engine.size()));
  return Tokenizer(
      std::make_unique<Impl>(Impl{std::move(loaded), std::move(token_bytes), std::move(stop_ids)}));
}

Result<Encoding> Tokenizer::encode(std::string_view text, AddBos bos) const {
  const LoadedTokenizer& loaded = impl_->loaded;
  if (!is_utf8(text)) return fail(ErrorCode::kInvalidArgument, "text: expected UTF-8, found other bytes");
  Encoding encoding;
  LIMPID_TRY(encoding.ids, prefix_for(loaded, bos));
  LIMPID_TRY(const std::vector<int> ids, loaded.engine.encode(text));
  encoding.doubled_bos = !encoding.ids.empty() && !ids.empty() && loaded.bos == ids.front() &&
                         encoding.ids.back() == ids.front();
  encoding.ids.insert(encoding.ids.end(), ids.begin(), ids.end());
  return encoding;
}

Result<std::vector<Piece>> Tokenizer::pieces(std::span<const int> ids) const {
  std::vector<Piece> pieces;
  pieces.reserve(ids.size());
  std::vector<std::string*> texts;
  for (const int id : ids) {
    if (id < 0 || id >= n_vocab()) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("token id {}: expected an id from 0 to {}", id, n_vocab() - 1));
    }
    pieces.push_back(piece(id));
  }
  for (Piece& piece : pieces) {
    if (!piece.special) texts.push_back(&piece.bytes);
  }
  impl_->token_bytes.trim_start(texts);
  show_pieces(pieces);
  return pieces;
}

Piece Tokenizer::piece(int id) const {
  Piece piece;
  piece.id = id;
  const std::optional<VocabularyToken> token = impl_->loaded.engine.token(id);
  if (!token) {
    piece.text = fmt::format("<unused {}>", id);
    return piece;
  }
  piece.special = token->special;
  piece.bytes = impl_->token_bytes.bytes(*token);
  show_pieces({&piece, 1});
  return piece;
}

int Tokenizer::n_vocab() const {
  return impl_->loaded.engine.size();
}
std::optional<int> Tokenizer::bos_id() const {
  return impl_->loaded.bos;
}
std::optional<int> Tokenizer::eos_id() const {
  return impl_->loaded.eos;
}
const std::vector<int>& Tokenizer::stop_ids() const {
  return impl_->stop_ids;
}
std::string_view Tokenizer::source() const {
  return impl_->loaded.source;
}

}  // namespace limpid
