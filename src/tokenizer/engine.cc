#include "tokenizer/engine.h"

#include <limits>
#include <limpid_rust.h>

namespace limpid {
namespace {

LimpidView view(std::string_view text) {
  return {text.data(), text.size()};
}

std::string take(LimpidText text) {
  std::string copy = text.data == nullptr ? std::string() : std::string(text.data, text.size);
  limpid_text_free(text);
  return copy;
}

std::vector<LimpidView> views(std::span<const std::string_view> texts) {
  std::vector<LimpidView> result;
  result.reserve(texts.size());
  for (std::string_view text : texts) result.push_back(view(text));
  return result;
}

std::vector<int> take(LimpidIds ids) {
  std::vector<int> copy(ids.data, ids.data + ids.size);
  limpid_ids_free(ids);
  return copy;
}

}  // namespace

void Engine::Release::operator()(LimpidTokenizer* handle) const {
  limpid_tokenizer_free(handle);
}

tl::unexpected<Error> Engine::corrupt(std::string_view problem) const {
  return fail(ErrorCode::kCorrupt, origin_ + ": " + std::string(problem));
}

Result<Engine> Engine::make(Handle handle, std::string_view origin) {
  Engine engine(std::move(handle), std::string(origin));
  LIMPID_CHECK_OK(engine.update_size());
  return engine;
}

Status Engine::update_size() {
  const uint64_t size = limpid_tokenizer_size(handle_.get());
  if (size > static_cast<uint64_t>(std::numeric_limits<int>::max())) {
    return corrupt("expected token ids below 2147483647, found " + std::to_string(size - 1));
  }
  size_ = static_cast<int>(size);
  return {};
}

Result<Engine> Engine::from_json(std::string_view json, std::string_view origin) {
  LimpidTokenizer* raw = nullptr;
  const LimpidText error = limpid_tokenizer_from_json(view(json), &raw);
  Handle handle(raw);
  if (error.data != nullptr) {
    return fail(
        ErrorCode::kCorrupt,
        std::string(origin) + ": expected a tokenizer, found a file that does not load: " + take(error),
        "incomplete download, or written for a newer version of the tokenizers library?");
  }
  return make(std::move(handle), origin);
}

Result<Engine> Engine::from_bpe(std::string_view parts_json, std::span<const std::string_view> tokens,
                                std::span<const std::string_view> merges, std::string_view origin) {
  LimpidTokenizer* raw = nullptr;
  const std::vector<LimpidView> token_views = views(tokens);
  const std::vector<LimpidView> merge_views = views(merges);
  const LimpidText error = limpid_tokenizer_from_bpe(view(parts_json), token_views.data(), token_views.size(),
                                                     merge_views.data(), merge_views.size() / 2, &raw);
  Handle handle(raw);
  if (error.data != nullptr) {
    return fail(ErrorCode::kCorrupt,
                std::string(origin) + ": the vocabulary contradicts itself: " + take(error));
  }
  return make(std::move(handle), origin);
}

Status Engine::add_tokens(std::string_view json_array) {
  const LimpidText error = limpid_tokenizer_add_tokens(handle_.get(), view(json_array));
  if (error.data != nullptr) return corrupt("added tokens: " + take(error));
  return update_size();
}

void Engine::set_prefix_space(bool add) {
  limpid_tokenizer_set_prefix_space(handle_.get(), add);
}

Result<std::vector<int>> Engine::encode(std::string_view text) const {
  LimpidIds ids{};
  const LimpidText error = limpid_tokenizer_encode(handle_.get(), view(text), &ids);
  if (error.data != nullptr) return corrupt("cannot encode a text: " + take(error));
  return take(ids);
}

Result<std::vector<int>> Engine::prefix() const {
  LimpidIds ids{};
  const LimpidText error = limpid_tokenizer_prefix(handle_.get(), &ids);
  if (error.data != nullptr) return corrupt("post_processor: " + take(error));
  return take(ids);
}

std::optional<VocabularyToken> Engine::token(int id) const {
  if (id < 0) return std::nullopt;
  LimpidToken token{};
  const LimpidText error = limpid_tokenizer_token(handle_.get(), static_cast<uint32_t>(id), &token);
  limpid_text_free(error);
  if (token.content.data == nullptr) return std::nullopt;
  return VocabularyToken{take(token.content), token.added, token.special};
}

std::optional<int> Engine::id(std::string_view content) const {
  const int64_t id = limpid_tokenizer_id(handle_.get(), view(content));
  if (id < 0 || id >= size_) return std::nullopt;
  return static_cast<int>(id);
}

Result<std::string> Engine::decoder_json() const {
  LimpidText json{};
  const LimpidText error = limpid_tokenizer_decoder(handle_.get(), &json);
  if (error.data != nullptr) return corrupt("decoder: " + take(error));
  return take(json);
}

}  // namespace limpid
