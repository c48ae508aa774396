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
  std::vector<std::string> warnings = {};
  RunSeconds seconds = {};

  /// Shares that routes have asked for so far; grows, so it is used by one reading at a time.
  std::mutex mutex = {};
  std::shared_ptr<Contributions> contributions = {};

  /// In memory; the caller holds the mutex, or nobody else has this object yet.
  size_t n_bytes() const;
};
using StoredTracePtr = std::shared_ptr<StoredTrace>;

/// 32 hexadecimal digits, the same for the same model and ids everywhere.
std::string trace_id(const OpenModel& model, std::span<const int> ids);

/// Predicts after each token and makes a run, which took `forward_seconds`, ready to be kept. Errors: as
/// Vocabulary::pieces, kCancelled.
Result<StoredTracePtr> make_stored(const OpenModelPtr& model, std::shared_ptr<const Trace> trace,
                                   double forward_seconds, const RunControl& control);

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
  Answer<Found> create(const OpenModelPtr& model, const std::vector<int>& ids,
                       const std::vector<std::string>& warnings);
  /// 404 when it was never asked for, or is kept no longer.
  Answer<Found> find(const std::string& id);
  /// 404 likewise, 409 when it is not done; why it failed when it did.
  Answer<StoredTracePtr> require(const std::string& id);

  /// 413 for a run that would not fit.
  Answer<void> check_size(const OpenModel& model, size_t n_tok) const;
  /// Keeps a run.
  void add(const StoredTracePtr& trace);
  /// To be called by whoever used contributions, which grow, and holds the mutex of the trace.
  void has_grown(StoredTrace& trace);
  /// A model that is closed takes its runs with it.
  void drop_model(const std::string& name);
  size_t capacity() const { return cache_.capacity(); }
  size_t n_bytes() const { return cache_.n_bytes(); }
  size_t size() const { return cache_.size(); }

 private:
  void remember(const std::string& id, JobPtr job);

  Jobs& jobs_;
  LruCache<StoredTrace> cache_;
  std::mutex mutex_;
  std::unordered_map<std::string, JobPtr>
      by_id_;                      // jobs that have not ended, and the last of those without result
  std::deque<std::string> order_;  // of by_id_, the oldest first
};

}  // namespace limpid
