// Computations, one after the other (or a few at a time): short readings of a run that is at hand go before
// new runs. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "limpid/run_control.h"
#include "server/failure.h"

namespace limpid {

enum class JobState { kQueued, kRunning, kDone, kFailed, kCancelled };
/// "queued", "running", ...
const char* name(JobState state);

struct JobStatus {
  JobState state = JobState::kQueued;
  size_t position = 0;  // how many go before it; 0 when it runs or has ended
  std::string stage = "queued";
  double fraction = 0;
  std::optional<Failure> failure = {};  // of a failed or cancelled one
  uint64_t version = 0;                 // grows with every change

  bool has_ended() const { return state != JobState::kQueued && state != JobState::kRunning; }
};

enum class Priority { kReading, kRun };

class Job;
using JobPtr = std::shared_ptr<Job>;

class Jobs {
 public:
  /// Returns when done; its progress and its stop are those of the control.
  using Work = std::function<Answer<void>(const RunControl&)>;

  Jobs(size_t n_thread, size_t max_waiting);
  /// As stop(), and waits for what runs.
  ~Jobs();

  /// Errors: 429 when max_waiting are waiting, 503 after stop().
  Answer<JobPtr> submit(Priority priority, Work work);
  JobStatus status(const Job& job) const;
  /// The status once it is newer than `seen`, or after `timeout`.
  JobStatus wait(const Job& job, uint64_t seen, std::chrono::milliseconds timeout) const;
  /// A queued one ends now, a running one as soon as it looks.
  void cancel(Job& job);
  size_t n_waiting() const;
  size_t n_running() const;

  /// Cancels everything, and refuses what comes.
  void stop();
  bool is_stopped() const;
  /// Whether nothing runs any more; waits up to `timeout` for that.
  bool wait_idle(std::chrono::milliseconds timeout) const;

 private:
  std::deque<JobPtr>& queue(Priority priority) { return priority == Priority::kReading ? readings_ : runs_; }
  JobStatus status_locked(const Job& job) const;
  void end_locked(Job& job, JobState state, std::optional<Failure> failure);
  void work();
  void run(const JobPtr& job);

  const size_t max_waiting_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<JobPtr> readings_, runs_;
  std::vector<JobPtr> running_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace limpid
