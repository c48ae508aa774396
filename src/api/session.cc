#include "api/session.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "analyses/memory_estimate.h"
#include "kernels/kernels.h"

namespace limpid {

Result<int> resolve_position(int position, size_t n_tok) {
  const int n = static_cast<int>(n_tok);
  if (position < -n || position >= n) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("token: expected a position from {} to {}, found {}", -n, n - 1, position),
                fmt::format("the prompt has {} tokens; negative positions count from the end", n));
  }
  return position < 0 ? position + n : position;
}

size_t Explanation::n_computed() const {
  return contributions_->n_computed();
}

Result<Route> Explanation::route(RouteOptions options) {
  options.position = position_;
  Result<Route> route = extract_route(*contributions_, options);
  contributions_->drop_scratch();
  return route;
}

Result<Session> Session::open(std::string_view name, const OpenOptions& options, const RunControl& control) {
  constexpr std::string_view kStage = "opening";
  LIMPID_CHECK_OK(control.tick(kStage, 0));
  LIMPID_TRY(const Backend* backend, backend(options.backend));
  LIMPID_TRY(Checkpoint checkpoint, open_model(name, options.adapter));
  const std::filesystem::path path = checkpoint.path;
  LIMPID_CHECK_OK(control.tick(kStage, 0.1));
  auto vocabulary = std::make_shared<const Vocabulary>(checkpoint);
  LIMPID_CHECK_OK(control.tick(kStage, 0.9));
  LIMPID_TRY(std::shared_ptr<const Model> model, Model::load(std::move(checkpoint), *backend));
  if (vocabulary->n_vocab() > model->spec().n_vocab) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: the tokenizer has {} tokens, the embedding only {} rows", path.string(),
                            vocabulary->n_vocab(), model->spec().n_vocab),
                "the tokenizer belongs to another model");
  }
  std::string full_name = display_name(name, path);
  if (!options.adapter.empty()) {
    full_name += " + " + display_name(options.adapter, model->checkpoint().adapter);
  }
  const size_t memory = memory_budget(options, model->checkpoint());
  return Session(std::move(model), std::move(vocabulary), std::move(full_name), memory);
}

Status Session::limit_weights(size_t n_tok, bool keep_block_outputs) const {
  const MemoryEstimate estimate = estimate_memory(model_->description(), model_->checkpoint(),
                                                  model_->backend(), n_tok, keep_block_outputs);
  LIMPID_TRY(const MemoryPlan plan, require_memory(estimate, memory_, n_tok));
  model_->limit_packed_bytes(plan.policy == MemoryPolicy::kResident ? WeightBudget::kUnlimited
                                                                    : plan.kept_bytes);
  return {};
}

Status Session::decode_weights(const RunControl& control) const {
  LIMPID_CHECK_OK(limit_weights(1, false));
  return model_->pack_ahead(control);
}

Result<Trace> Session::trace(std::span<const int> ids, const RunOptions& options,
                             const RunControl& control) const {
  LIMPID_CHECK_OK(limit_weights(std::max(ids.size(), options.room), options.keep_block_outputs));
  return run(*model_, ids, options, control);
}

size_t Session::trace_bytes(size_t n_tok) const {
  return estimate_memory(model_->description(), model_->checkpoint(), model_->backend(), n_tok).trace_bytes;
}

WeightBytes Session::weight_bytes() const {
  const MemoryEstimate estimate =
      estimate_memory(model_->description(), model_->checkpoint(), model_->backend(), 1);
  return {estimate.stored_bytes, model_->n_packed_bytes(), estimate.packed_bytes};
}

Result<Explanation> Session::explain(const ExplainRequest& request, const RunControl& control) const {
  std::vector<std::string> warnings;
  LIMPID_TRY(const std::vector<int> ids, vocabulary_->encode(request.prompt, warnings));
  LIMPID_TRY(const int position, resolve_position(request.token, ids.size()));
  LIMPID_TRY(Trace trace, this->trace(ids, {}, control));
  LIMPID_TRY(Explanation explanation,
             explain(std::make_shared<const Trace>(std::move(trace)), position, request.n_predictions));
  explanation.warnings_ = std::move(warnings);
  return explanation;
}

Result<Explanation> Session::explain(std::shared_ptr<const Trace> trace, int position, size_t n_predictions,
                                     std::shared_ptr<Contributions> contributions) const {
  Explanation explanation;
  LIMPID_TRY(explanation.tokens_, vocabulary_->pieces(trace->ids));
  const std::array<int, 1> positions = {position};
  const Matrix last = logits(*model_, *trace, positions);
  for (const Prediction& prediction : top_predictions(last.row(0), n_predictions)) {
    explanation.predictions_.push_back({prediction, vocabulary_->piece(prediction.id)});
  }
  explanation.model_ = model_;
  explanation.trace_ = std::move(trace);
  explanation.contributions_ = contributions ? std::move(contributions)
                                             : std::make_shared<Contributions>(*model_, *explanation.trace_);
  explanation.position_ = position;
  return explanation;
}

}  // namespace limpid
