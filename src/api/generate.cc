#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <optional>

#include "analyses/sampling.h"
#include "api/session.h"
#include "tokenizer/text_stream.h"

namespace limpid {

namespace {

Status check_finite(std::span<const float> logits, size_t position) {
  if (std::ranges::all_of(logits, [](float x) { return std::isfinite(x); })) return {};
  return fail(ErrorCode::kCorrupt, fmt::format("the logits after token {} are not finite", position),
              "corrupt weights, or a model whose activations overflow float32");
}

/// Tokens of a model without a tokenizer, and rows that no token has, are shown by number.
std::string_view written(const Piece& piece) {
  return piece.bytes.empty() ? piece.text : piece.bytes;
}

/// Chooses tokens and keeps what was chosen.
class Writer {
 public:
  Writer(const GenerateRequest& request, const Vocabulary& vocabulary, const Sampler& sampler, size_t n_ctx)
      : max_tokens_(request.max_tokens),
        n_ctx_(n_ctx),
        stop_ids_(request.ignore_stop ? std::vector<int>() : vocabulary.stop_ids()),
        vocabulary_(vocabulary),
        sampler_(sampler) {}

  /// Chooses from the logits behind n_tok tokens; whether that was the last one, and why.
  std::optional<StopReason> choose(std::span<const float> logits, size_t n_tok, const OnToken& on_token,
                                   GenerateResult& result) {
    const int id = sampler_.pick(logits);
    result.tokens.push_back({prediction_of(logits, id), vocabulary_.piece(id)});
    const std::optional<StopReason> stop = reason_to_stop(id, result.tokens.size(), n_tok);
    std::string text;
    if (stop != StopReason::kStopToken) text = stream_.add(written(result.tokens.back().piece));
    if (stop) text += stream_.finish();
    result.text += text;
    if (on_token) on_token(result.tokens.back(), text);
    return stop;
  }

 private:
  std::optional<StopReason> reason_to_stop(int id, size_t n_generated, size_t n_tok) const {
    if (std::ranges::binary_search(stop_ids_, id)) return StopReason::kStopToken;
    if (n_generated == max_tokens_) return StopReason::kLength;
    if (n_tok == n_ctx_) return StopReason::kContext;
    return std::nullopt;
  }

  size_t max_tokens_, n_ctx_;
  std::vector<int> stop_ids_;  // sorted
  const Vocabulary& vocabulary_;
  Sampler sampler_;
  TextStream stream_;
};

}  // namespace

const char* name(StopReason reason) {
  switch (reason) {
    case StopReason::kLength:
      return "length";
    case StopReason::kStopToken:
      return "stop_token";
    case StopReason::kContext:
      return "context";
  }
  return "";
}

Result<Generation> Session::generate(const GenerateRequest& request, const OnToken& on_token,
                                     const RunControl& control) const {
  if (request.max_tokens == 0)
    return fail(ErrorCode::kInvalidArgument, "max tokens: expected at least 1, found 0");
  LIMPID_TRY(const Sampler sampler, Sampler::create(request.sampling));
  Generation generation;
  GenerateResult& result = generation.result;
  result.model = name_;
  LIMPID_TRY(const std::vector<int> ids, vocabulary_->encode(request.prompt, result.warnings));
  LIMPID_TRY(result.prompt, vocabulary_->pieces(ids));

  const auto n_ctx = static_cast<size_t>(model_->spec().n_ctx);
  const size_t room = std::min(ids.size() + std::min(request.max_tokens, n_ctx) - 1, n_ctx);
  LIMPID_TRY(Trace trace, this->trace(ids, {.room = room}, control));
  Writer writer(request, *vocabulary_, sampler, n_ctx);
  for (;;) {
    const int last = static_cast<int>(trace.n_tok()) - 1;
    const Matrix row = logits(*model_, trace, {&last, 1});
    LIMPID_CHECK_OK(check_finite(row.row(0), static_cast<size_t>(last)));
    const std::optional<StopReason> stop = writer.choose(row.row(0), trace.n_tok(), on_token, result);
    if (stop) {
      result.stop = *stop;
      break;
    }
    LIMPID_CHECK_OK(control.tick(
        "generate", static_cast<double>(result.tokens.size()) / static_cast<double>(request.max_tokens)));
    const int id = result.tokens.back().prediction.id;
    LIMPID_CHECK_OK(extend(*model_, trace, {&id, 1}, {}, {.on_progress = {}, .stop = control.stop}));
  }
  generation.trace = std::make_shared<const Trace>(std::move(trace));
  return generation;
}

Result<Explanation> Session::explain(const Generation& generation, int number, size_t n_predictions) const {
  const int n = static_cast<int>(generation.result.tokens.size());
  if (number == 0 || number < -n || number > n) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("explained token: expected 1 to {0} or -{0} to -1, found {1}", n, number),
                "1 is the first token that was generated, -1 the last");
  }
  const auto index = static_cast<size_t>(number > 0 ? number - 1 : n + number);
  const size_t n_tok = generation.result.prompt.size() + index;  // those that the token was chosen after
  std::shared_ptr<const Trace> trace = generation.trace;
  if (!rotates_alike(trace->spec, n_tok, trace->n_tok())) {
    LIMPID_TRY(Trace then, this->trace(std::span(trace->ids).first(n_tok), {}));
    trace = std::make_shared<const Trace>(std::move(then));
  }
  return explain(std::move(trace), static_cast<int>(n_tok) - 1, n_predictions);
}

}  // namespace limpid
