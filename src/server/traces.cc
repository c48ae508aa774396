#include "server/traces.h"

#include <algorithm>
#include <fmt/format.h>

#include "api/position_predictions.h"
#include "api/sha256.h"
#include "base/stopwatch.h"

namespace limpid {

namespace {

constexpr size_t kPredictions = 5;
constexpr size_t kIdDigits = 32;
/// A token with its texts and predictions, roughly.
constexpr size_t kTokenBytes = sizeof(Piece) + kPredictions * sizeof(NamedPrediction) + 64;
/// Jobs that are remembered when they have ended without a result.
constexpr size_t kRemembered = 256;

Failure not_found() {
  return {404, "not_found", "trace: there is none of this id",
          "runs are kept for a while only; POST the prompt to /traces again"};
}

}  // namespace

size_t StoredTrace::n_bytes() const {
  const size_t n = trace->n_bytes() + tokens.size() * kTokenBytes + contributions->n_bytes();
  return n + n / 8;  // what the allocator loses to rounding and between blocks, as measured
}

std::string trace_id(const OpenModel& model, std::span<const int> ids) {
  Sha256 hash;
  hash.add_field(model.fingerprint);
  for (const int id : ids) hash.add_number(static_cast<uint64_t>(id));
  return hash.hex().substr(0, kIdDigits);
}

Result<StoredTracePtr> make_stored(const OpenModelPtr& model, std::shared_ptr<const Trace> trace,
                                   double forward_seconds, const RunControl& control) {
  auto stored = std::make_shared<StoredTrace>();
  stored->id = trace_id(*model, trace->ids);
  stored->model = model;
  stored->trace = std::move(trace);
  LIMPID_TRY(stored->tokens, model->session.vocabulary().pieces(stored->trace->ids));
  stored->tokens.shrink_to_fit();
  const Stopwatch watch;
  LIMPID_TRY(stored->predictions,
             position_predictions(model->session, *stored->trace, kPredictions, control));
  stored->seconds.forward = forward_seconds;
  stored->seconds.predictions = watch.seconds();
  stored->contributions = std::make_shared<Contributions>(model->session.model(), *stored->trace);
  return stored;
}

Answer<void> Traces::check_size(const OpenModel& model, size_t n_tok) const {
  const size_t n_bytes = model.session.trace_bytes(n_tok) + n_tok * kTokenBytes;
  if (n_bytes <= cache_.capacity()) return {};
  return failure(413, "too_large",
                 fmt::format("a run of {} tokens takes {} MB: expected at most the {} MB that are kept",
                             n_tok, n_bytes / 1000000, cache_.capacity() / 1000000),
                 "a shorter prompt, or a larger cache_bytes");
}

void Traces::add(const StoredTracePtr& trace) {
  cache_.put(trace->id, trace, trace->n_bytes());
}

void Traces::has_grown(StoredTrace& trace) {
  size_t n_bytes = trace.n_bytes();
  if (n_bytes > cache_.capacity()) {
    trace.contributions = std::make_shared<Contributions>(trace.model->session.model(), *trace.trace);
    n_bytes = trace.n_bytes();
  }
  cache_.resize(trace.id, n_bytes);
}

void Traces::drop_model(const std::string& name) {
  cache_.erase_if([&](const StoredTrace& trace) { return trace.model->name == name; });
}

void Traces::remember(const std::string& id, JobPtr job) {
  if (by_id_.insert_or_assign(id, std::move(job)).second) order_.push_back(id);
  const size_t n_oldest = order_.size() > kRemembered ? order_.size() - kRemembered : 0;
  for (size_t i = 0; i < n_oldest; ++i) {
    const std::string oldest = std::move(order_.front());
    order_.pop_front();
    const auto it = by_id_.find(oldest);
    if (it == by_id_.end()) continue;
    if (jobs_.status(*it->second).has_ended()) {
      by_id_.erase(it);
    } else {
      order_.push_back(oldest);
    }
  }
}

Answer<Traces::Found> Traces::create(const OpenModelPtr& model, const std::vector<int>& ids,
                                     const std::vector<std::string>& warnings) {
  const std::string id = trace_id(*model, ids);
  const std::scoped_lock lock(mutex_);
  if (StoredTracePtr done = cache_.get(id)) return Found{id, std::move(done), nullptr};
  const auto it = by_id_.find(id);
  if (it != by_id_.end() && !jobs_.status(*it->second).has_ended()) return Found{id, nullptr, it->second};
  SERVER_CHECK_OK(check_size(*model, ids.size()));
  const auto work = [this, model, ids, warnings](const RunControl& control) -> Answer<void> {
    const Stopwatch watch;
    SERVER_TRY(Trace trace, model->session.trace(ids, {}, control));
    SERVER_TRY(const StoredTracePtr stored,
               make_stored(model, std::make_shared<const Trace>(std::move(trace)), watch.seconds(), control));
    stored->warnings = warnings;
    add(stored);
    return {};
  };
  SERVER_TRY(JobPtr job, jobs_.submit(Priority::kRun, work));
  remember(id, job);
  return Found{id, nullptr, std::move(job)};
}

Answer<Traces::Found> Traces::find(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  // The job first: it keeps its run before it ends.
  const auto it = by_id_.find(id);
  const bool has_ended = it == by_id_.end() || jobs_.status(*it->second).has_ended();
  if (StoredTracePtr done = cache_.get(id)) return Found{id, std::move(done), nullptr};
  if (it == by_id_.end() || (has_ended && jobs_.status(*it->second).state == JobState::kDone)) {
    return tl::unexpected<Failure>(not_found());
  }
  return Found{id, nullptr, it->second};
}

Answer<StoredTracePtr> Traces::require(const std::string& id) {
  SERVER_TRY(const Found found, find(id));
  if (found.done) return found.done;
  const JobStatus status = jobs_.status(*found.job);
  if (status.failure) return tl::unexpected<Failure>(*status.failure);
  return failure(409, "not_ready", "trace: the run is not done yet",
                 "wait for /traces/{id}/events to say so");
}

}  // namespace limpid
