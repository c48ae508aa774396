#include "server/prompts.h"

#include <algorithm>
#include <fmt/format.h>

#include "api/causes.h"

namespace limpid {

namespace {

/// No tokenizer that we know has longer tokens than blanks in such numbers; more is refused unseen.
constexpr size_t kBytesPerToken = 128;

Failure too_long(std::string_view what, size_t most, size_t found) {
  return {413, "too_large", fmt::format("prompt: expected at most {} {}, found {}", most, what, found),
          "max_prompt_tokens in the configuration of the server sets it"};
}

}  // namespace

Answer<std::vector<int>> encode(const App& app, const OpenModel& model, const Prompt& prompt,
                                std::vector<std::string>& warnings) {
  const ModelSpec& spec = model.session.model().spec();
  const size_t most = std::min(app.config.max_prompt_tokens, static_cast<size_t>(spec.n_ctx));
  if (prompt.text.size() > most * kBytesPerToken) {
    return tl::unexpected<Failure>(too_long("bytes", most * kBytesPerToken, prompt.text.size()));
  }
  SERVER_TRY(std::vector<int> ids, model.session.vocabulary().encode(prompt, warnings));
  if (ids.size() > most) return tl::unexpected<Failure>(too_long("tokens", most, ids.size()));
  const auto wrong = std::ranges::find_if(ids, [&](int id) { return id < 0 || id >= spec.n_vocab; });
  if (wrong == ids.end()) return ids;
  return bad_request(fmt::format("ids: expected ids from 0 to {}, found {}", spec.n_vocab - 1, *wrong));
}

Answer<std::vector<int>> encode_against(const App& app, const OpenModel& model, const Prompt& prompt,
                                        const std::vector<int>& ids, std::vector<std::string>& warnings) {
  SERVER_TRY(std::vector<int> other, encode(app, model, prompt, warnings));
  const Vocabulary& vocabulary = model.session.vocabulary();
  SERVER_TRY(const std::vector<Piece> tokens, vocabulary.pieces(ids));
  SERVER_TRY(const std::vector<Piece> others, vocabulary.pieces(other));
  SERVER_CHECK_OK(require_as_many(tokens, others));
  return other;
}

}  // namespace limpid
