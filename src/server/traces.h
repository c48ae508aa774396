// Runs of models by what they are of: those that are kept, and those that are waited for. Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "limpid/token.h"
#include "server/failure.h"
#include "server/jobs.h"
#include "server/lru_cache.h"
#include "server/model_pool.h"

#include "api/session.h"

namespace limpid {

/// A run that is asked for.
struct RunRequest {
  std::vector<int> ids;
  std::vector<std::string> replace = {};  // see resolve_replace; empty: nothing
  std::vector<int> against = {};          // ids of the run that values are taken from; empty: none
  // About the two prompts; they do not make it another run.
  std::vector<std::string> warnings = {}, against_warnings = {};

  /// The runs that it is made of.
  RunRequest clean() const { return {.ids = ids, .warnings = warnings}; }
  RunRequest other() const { return {.ids = against, .warnings = against_warnings}; }
  std::vector<std::string> all_warnings() const;
};

/// What a run took.
struct RunSeconds {
  double forward = 0, predictions = 0;
  // What readings of it have added; 0: none yet. They change while others look.
  std::atomic<double> contributions = 0;  // all that were computed so far
  std::atomic<double> route = 0;          // the last one, without them

  double whole() const { return forward + predictions; }
};

/// A run that is done.
struct StoredTrace {
  std::string id;
  OpenModelPtr model;
  std::shared_ptr<const Trace> trace;
  std::vector<Piece> tokens = {};
  std::vector<std::vector<NamedPrediction>> predictions = {};  // after each token
  std::vector<std::string> replace = {};                       // as RunRequest
  std::vector<Piece> against = {};
  std::vector<std::string> warnings = {};
  RunSeconds seconds = {};

  /// Shares that routes have asked for so far; grows, so it is used by one reading at a time.
  std::mutex mutex = {};
  std::shared_ptr<Contributions> contributions = {};

  /// In memory; the caller holds the mutex, or nobody else has this object yet.
  size_t n_bytes() const;
};
using StoredTracePtr = std::shared_ptr<StoredTrace>;

/// 32 hexadecimal digits, the same for the same model and request everywhere.
std::string trace_id(const OpenModel& model, const RunRequest& request);

/// The interventions as they write themselves, in one order, so that equal ones have the same id. Errors: 400
/// for what the model or a run of n_tok tokens does not have, what is replaced twice, and values of another
/// run where there is none.
Answer<std::vector<std::string>> resolve_replace(const OpenModel& model, size_t n_tok, bool has_other,
                                                 const std::vector<std::string>& replace);

/// Predicts after each token and makes a run, which took `forward_seconds`, ready to be kept. Errors: as
/// Vocabulary::pieces, kCancelled.
Result<StoredTracePtr> make_stored(const OpenModelPtr& model, const RunRequest& request,
                                   std::shared_ptr<const Trace> trace, double forward_seconds,
                                   const RunControl& control);

class Traces {
 public:
  struct Found {
    std::string id;
    StoredTracePtr done;  // or
    JobPtr job;           // queued, under way, or ended without a result
  };

  Traces(Jobs& jobs, size_t cache_bytes) : jobs_(jobs), cache_(cache_bytes) {}

  /// The run, or the job that makes it: one for all who ask. Errors: as Jobs::submit; 413 for one that would
  /// not fit into the cache.
  Answer<Found> create(const OpenModelPtr& model, const RunRequest& request);
  /// 404 when it was never asked for, or is kept no longer.
  Answer<Found> find(const std::string& id);
  /// 404 likewise, 409 when it is not done; why it failed when it did.
  Answer<StoredTracePtr> require(const std::string& id);

  /// 413 for a run that would not fit.
  Answer<void> check_size(const OpenModel& model, size_t n_tok) const;
  /// For a computation: the run that is kept, or a new one, which is kept from now on. Errors: as add.
  Answer<StoredTracePtr> obtain(const OpenModelPtr& model, const RunRequest& request,
                                const RunControl& control);
  /// Keeps a run. 413 for one that does not fit, as what it replaced takes memory too.
  Answer<void> add(const StoredTracePtr& trace);
  /// To be called by whoever used contributions, which grow, and holds the mutex of the trace.
  void has_grown(StoredTrace& trace);
  /// A model that is closed takes its runs with it.
  void drop_model(const std::string& name);
  size_t capacity() const { return cache_.capacity(); }
  size_t n_bytes() const { return cache_.n_bytes(); }
  size_t size() const { return cache_.size(); }

 private:
  void remember(const std::string& id, JobPtr job);
  Answer<StoredTracePtr> run_patched(const OpenModelPtr& model, const RunRequest& request,
                                     const RunControl& control);

  Jobs& jobs_;
  LruCache<StoredTrace> cache_;
  std::mutex mutex_;
  std::unordered_map<std::string, JobPtr>
      by_id_;                      // jobs that have not ended, and the last of those without result
  std::deque<std::string> order_;  // of by_id_, the oldest first
};

}  // namespace limpid
