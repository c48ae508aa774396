#include "api/causes.h"

#include <array>
#include <fmt/format.h>

#include "analyses/predictions.h"
#include "api/token_choice.h"

namespace limpid {

namespace {

/// Where two prompts of different lengths part, for people.
std::string where_they_part(const std::vector<Piece>& a, const std::vector<Piece>& b) {
  size_t t = 0;
  while (t < a.size() && t < b.size() && a[t].id == b[t].id) ++t;
  const auto at = [t](const std::vector<Piece>& pieces) {
    return t < pieces.size() ? fmt::format("'{}'", pieces[t].text) : "its end";
  };
  return fmt::format(
      "token {} is {} in the one and {} in the other; choose words of as many tokens "
      "(`limpid tokenize` shows them)",
      t, at(a), at(b));
}

Result<ResolvedMetric> resolve(const Session& session, const MetricRequest& request, const Matrix& logits) {
  const Vocabulary& vocabulary = session.vocabulary();
  const int n_vocab = session.model().spec().n_vocab;
  ResolvedMetric out;
  out.kind =
      request.kind.value_or(request.versus.empty() ? MetricKind::kLogit : MetricKind::kLogitDifference);
  if (out.kind == MetricKind::kLogitDifference && request.versus.empty()) {
    return fail(ErrorCode::kInvalidArgument, "versus: the metric logit-diff needs the token to compare with",
                "--versus TOKEN");
  }
  if (out.kind != MetricKind::kLogitDifference && !request.versus.empty()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("versus: the metric {} has no second token", name(out.kind)),
                "leave it out, or take the metric logit-diff");
  }
  int target = top_predictions(logits.row(0), 1).front().id;
  if (!request.target.empty()) {
    LIMPID_TRY(target, choose_token(vocabulary, n_vocab, request.target, "target"));
  }
  out.target = vocabulary.piece(target);
  if (request.versus.empty()) return out;
  LIMPID_TRY(const int versus, choose_token(vocabulary, n_vocab, request.versus, "versus"));
  if (versus == target) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("versus: expected another token than the target, found '{}' for both", out.target.text));
  }
  out.versus = vocabulary.piece(versus);
  return out;
}

}  // namespace

Status require_as_many(const std::vector<Piece>& tokens, const std::vector<Piece>& against) {
  if (tokens.size() == against.size()) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("against: expected as many tokens as the prompt has, {}, found {}", tokens.size(),
                          against.size()),
              where_they_part(tokens, against));
}

double CauseRuns::value(const Model& model, const Trace& trace) const {
  const ConstMatrixView last = trace.resid_pre(model.spec().n_layer);
  return metric_values(model, metric, last.slice_rows(static_cast<size_t>(position), 1)).front();
}

Result<CauseRuns> cause_runs(const Session& session, std::shared_ptr<const Trace> clean,
                             std::shared_ptr<const Trace> against, int position,
                             const MetricRequest& metric) {
  CauseRuns out;
  LIMPID_TRY(out.tokens, session.vocabulary().pieces(clean->ids));
  if (against != nullptr) {
    LIMPID_TRY(out.against_tokens, session.vocabulary().pieces(against->ids));
    LIMPID_CHECK_OK(require_as_many(out.tokens, out.against_tokens));
  }
  out.position = position;
  const std::array<int, 1> positions = {position};
  const Matrix clean_logits = logits(session.model(), *clean, positions);
  LIMPID_TRY(out.named, resolve(session, metric, clean_logits));
  out.metric.kind = out.named.kind;
  out.metric.position = position;
  out.metric.target = out.named.target.id;
  if (out.named.versus) out.metric.versus = out.named.versus->id;
  out.metric.reference.assign(clean_logits.row(0).begin(), clean_logits.row(0).end());
  out.clean = std::move(clean);
  out.against = std::move(against);
  return out;
}

Result<CauseRuns> cause_runs(const Session& session, const Prompt& prompt,
                             const std::optional<Prompt>& against, int token, const MetricRequest& metric,
                             const RunControl& control) {
  std::vector<std::string> warnings;
  LIMPID_TRY(const std::vector<int> ids, session.vocabulary().encode(prompt, warnings));
  LIMPID_TRY(const int position, resolve_position(token, ids.size()));
  LIMPID_TRY(Trace clean, session.trace(ids, {.keep_block_outputs = true}, control));
  std::shared_ptr<const Trace> other;
  if (against) {
    LIMPID_TRY(const std::vector<int> other_ids, session.vocabulary().encode(*against, warnings));
    LIMPID_TRY(Trace trace, session.trace(other_ids, {.keep_block_outputs = true}, control));
    other = std::make_shared<const Trace>(std::move(trace));
  }
  LIMPID_TRY(CauseRuns runs, cause_runs(session, std::make_shared<const Trace>(std::move(clean)),
                                        std::move(other), position, metric));
  runs.warnings = std::move(warnings);
  return runs;
}

}  // namespace limpid
