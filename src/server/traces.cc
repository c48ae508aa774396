#include "server/traces.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "api/causes.h"
#include "api/intervention_text.h"
#include "api/position_predictions.h"
#include "api/sha256.h"
#include "base/stopwatch.h"

namespace limpid {

namespace {

constexpr size_t kPredictions = 5;
constexpr size_t kIdDigits = 32;
/// A token with its texts and predictions, roughly.
constexpr size_t kTokenBytes = sizeof(Piece) + kPredictions * sizeof(NamedPrediction) + 64;
/// An intervention's text, roughly.
constexpr size_t kReplaceBytes = sizeof(std::string) + 64;
/// Jobs that are remembered when they have ended without a result.
constexpr size_t kRemembered = 256;

Failure not_found() {
  return {404, "not_found", "trace: there is none of this id",
          "runs are kept for a while only; POST the prompt to /traces again"};
}

Result<StoredTracePtr> run_prompt(const OpenModelPtr& model, const RunRequest& request,
                                  const RunControl& control) {
  const Stopwatch watch;
  LIMPID_TRY(Trace trace, model->session.trace(request.ids, {}, control));
  return make_stored(model, request, std::make_shared<const Trace>(std::move(trace)), watch.seconds(),
                     control);
}

}  // namespace

std::vector<std::string> RunRequest::all_warnings() const {
  std::vector<std::string> all = warnings;
  all.insert(all.end(), against_warnings.begin(), against_warnings.end());
  return all;
}

size_t StoredTrace::n_bytes() const {
  const size_t n = trace->n_bytes() + (tokens.size() + against.size()) * kTokenBytes +
                   replace.size() * kReplaceBytes + contributions->n_bytes();
  return n + n / 8;  // what the allocator loses to rounding and between blocks, as measured
}

std::string trace_id(const OpenModel& model, const RunRequest& request) {
  Sha256 hash;
  hash.add_field(model.fingerprint);
  for (const int id : request.ids) hash.add_number(static_cast<uint64_t>(id));
  if (!request.replace.empty()) {
    hash.add_number(~uint64_t{0});  // no id: what follows is no longer the prompt
    hash.add_number(request.replace.size());
    for (const std::string& text : request.replace) hash.add_field(text);
    for (const int id : request.against) hash.add_number(static_cast<uint64_t>(id));
  }
  return hash.hex().substr(0, kIdDigits);
}

Answer<std::vector<std::string>> resolve_replace(const OpenModel& model, size_t n_tok, bool has_other,
                                                 const std::vector<std::string>& replace) {
  std::map<std::string, std::string> resolved;  // by component: a heap of equal ones is refused early
  for (const std::string& text : replace) {
    SERVER_TRY(const Intervention intervention, parse_intervention(model.session.model(), n_tok, text));
    std::string full = to_string(intervention);
    if (intervention.with.kind == Replacement::Kind::kCounterfactual && !has_other) {
      return bad_request(
          fmt::format("replace: '{}' takes its value from another run, and there is none", full),
          "give the other prompt as against");
    }
    std::string component = full.substr(0, full.rfind('='));
    if (!resolved.try_emplace(component, std::move(full)).second) {
      return bad_request(fmt::format("replace: expected each component once, found '{}' twice", component));
    }
  }
  std::vector<std::string> out;
  out.reserve(resolved.size());
  for (auto& [component, full] : resolved) out.push_back(std::move(full));
  return out;
}

Result<StoredTracePtr> make_stored(const OpenModelPtr& model, const RunRequest& request,
                                   std::shared_ptr<const Trace> trace, double forward_seconds,
                                   const RunControl& control) {
  auto stored = std::make_shared<StoredTrace>();
  stored->id = trace_id(*model, request);
  stored->model = model;
  stored->trace = std::move(trace);
  LIMPID_TRY(stored->tokens, model->session.vocabulary().pieces(request.ids));
  stored->tokens.shrink_to_fit();
  stored->replace = request.replace;
  stored->warnings = request.all_warnings();
  LIMPID_TRY(stored->against, model->session.vocabulary().pieces(request.against));
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

Answer<void> Traces::add(const StoredTracePtr& trace) {
  const size_t n_bytes = trace->n_bytes();
  if (cache_.put(trace->id, trace, n_bytes)) return {};
  return failure(413, "too_large",
                 fmt::format("the run takes {} MB: expected at most the {} MB that are kept",
                             n_bytes / 1000000, cache_.capacity() / 1000000),
                 "a shorter prompt, fewer values of another run, or a larger cache_bytes");
}

Answer<StoredTracePtr> Traces::obtain(const OpenModelPtr& model, const RunRequest& request,
                                      const RunControl& control) {
  if (StoredTracePtr kept = cache_.get(trace_id(*model, request))) return kept;
  StoredTracePtr made;
  if (request.replace.empty()) {
    SERVER_TRY(made, run_prompt(model, request, control));
  } else {
    SERVER_TRY(made, run_patched(model, request, control));
  }
  SERVER_CHECK_OK(add(made));
  return made;
}

Answer<StoredTracePtr> Traces::run_patched(const OpenModelPtr& model, const RunRequest& request,
                                           const RunControl& control) {
  CauseRuns runs;
  SERVER_TRY(const StoredTracePtr clean, obtain(model, request.clean(), control));
  runs.clean = clean->trace;
  if (!request.against.empty()) {
    SERVER_TRY(const StoredTracePtr against, obtain(model, request.other(), control));
    runs.against = against->trace;
  }
  const Stopwatch watch;
  std::vector<Intervention> interventions;
  SERVER_TRY(std::shared_ptr<const Trace> trace,
             model->session.patched_run(runs, request.replace, interventions, control));
  SERVER_TRY(StoredTracePtr stored, make_stored(model, request, std::move(trace), watch.seconds(), control));
  return stored;
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

Answer<Traces::Found> Traces::create(const OpenModelPtr& model, const RunRequest& request) {
  const std::string id = trace_id(*model, request);
  const std::scoped_lock lock(mutex_);
  if (StoredTracePtr done = cache_.get(id)) return Found{id, std::move(done), nullptr};
  const auto it = by_id_.find(id);
  if (it != by_id_.end() && !jobs_.status(*it->second).has_ended()) return Found{id, nullptr, it->second};
  SERVER_CHECK_OK(check_size(*model, request.ids.size()));
  const auto work = [this, model, request](const RunControl& control) -> Answer<void> {
    SERVER_CHECK_OK(obtain(model, request, control));
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
