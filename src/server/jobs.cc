#include "server/jobs.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <new>

namespace limpid {

/// Everything is guarded by the mutex of Jobs, but `stop`, which is safe by itself.
class Job {
 public:
  Priority priority = Priority::kRun;
  Jobs::Work work;
  JobStatus status;
  std::stop_source stop;
};

namespace {

Failure cancelled() {
  return {503, "cancelled", "cancelled"};
}

Failure stopping() {
  return {503, "unavailable", "the server is shutting down"};
}

/// No exception of a computation ends the server.
Answer<void> run_guarded(const Jobs::Work& work, const RunControl& control) {
  try {
    return work(control);
  } catch (const std::bad_alloc&) {
    return failure(503, "out_of_memory", "not enough memory for this request", "a shorter prompt needs less");
  } catch (const std::exception& error) {
    return failure(500, "internal", fmt::format("internal error: {}", error.what()), "please report this");
  }
}

}  // namespace

const char* name(JobState state) {
  switch (state) {
    case JobState::kQueued:
      return "queued";
    case JobState::kRunning:
      return "running";
    case JobState::kDone:
      return "done";
    case JobState::kFailed:
      return "failed";
    case JobState::kCancelled:
      return "cancelled";
  }
  return "";
}

Jobs::Jobs(size_t n_thread, size_t max_waiting) : max_waiting_(max_waiting) {
  for (size_t i = 0; i < n_thread; ++i) threads_.emplace_back([this] { work(); });
}

Jobs::~Jobs() {
  stop();
  for (std::thread& thread : threads_) thread.join();
}

Answer<JobPtr> Jobs::submit(Priority priority, Work work) {
  const std::scoped_lock lock(mutex_);
  if (stopped_) return tl::unexpected<Failure>(stopping());
  if (readings_.size() + runs_.size() >= max_waiting_) {
    return failure(429, "too_many", fmt::format("{} requests are waiting already", max_waiting_),
                   "try again in a moment");
  }
  auto job = std::make_shared<Job>();
  job->priority = priority;
  job->work = std::move(work);
  queue(priority).push_back(job);
  changed_.notify_all();
  return job;
}

JobStatus Jobs::status_locked(const Job& job) const {
  JobStatus status = job.status;
  if (status.state != JobState::kQueued) return status;
  const auto index = [&](const std::deque<JobPtr>& queue) {
    const auto it = std::ranges::find(queue, &job, &JobPtr::get);
    return static_cast<size_t>(it - queue.begin());
  };
  status.position = running_.size() +
                    (job.priority == Priority::kReading ? index(readings_) : readings_.size() + index(runs_));
  return status;
}

JobStatus Jobs::status(const Job& job) const {
  const std::scoped_lock lock(mutex_);
  return status_locked(job);
}

JobStatus Jobs::wait(const Job& job, uint64_t seen, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [&] { return job.status.version > seen; });
  return status_locked(job);
}

void Jobs::end_locked(Job& job, JobState state, std::optional<Failure> failure) {
  job.status.state = state;
  job.status.failure = std::move(failure);
  ++job.status.version;
  job.work = nullptr;  // and what it holds
}

void Jobs::cancel(Job& job) {
  job.stop.request_stop();
  const std::scoped_lock lock(mutex_);
  if (std::erase_if(queue(job.priority), [&](const JobPtr& queued) { return queued.get() == &job; }) == 0)
    return;
  end_locked(job, JobState::kCancelled, cancelled());
  changed_.notify_all();
}

size_t Jobs::n_waiting() const {
  const std::scoped_lock lock(mutex_);
  return readings_.size() + runs_.size();
}

size_t Jobs::n_running() const {
  const std::scoped_lock lock(mutex_);
  return running_.size();
}

void Jobs::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
  for (std::deque<JobPtr>* queue : {&readings_, &runs_}) {
    for (const JobPtr& job : *queue) end_locked(*job, JobState::kCancelled, stopping());
    queue->clear();
  }
  for (const JobPtr& job : running_) job->stop.request_stop();
  changed_.notify_all();
}

bool Jobs::is_stopped() const {
  const std::scoped_lock lock(mutex_);
  return stopped_;
}

bool Jobs::wait_idle(std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return running_.empty(); });
}

void Jobs::run(const JobPtr& job) {
  RunControl control;
  control.stop = job->stop.get_token();
  control.on_progress = [&](std::string_view stage, double fraction) {
    const std::scoped_lock lock(mutex_);
    job->status.stage = stage;
    job->status.fraction = std::clamp(fraction, 0.0, 1.0);
    ++job->status.version;
    changed_.notify_all();
  };
  const Answer<void> answer = run_guarded(job->work, control);
  const std::scoped_lock lock(mutex_);
  std::erase(running_, job);
  if (answer) {
    end_locked(*job, JobState::kDone, std::nullopt);
  } else if (answer.error().code == "cancelled") {
    end_locked(*job, JobState::kCancelled, stopped_ ? stopping() : cancelled());
  } else {
    end_locked(*job, JobState::kFailed, answer.error());
  }
  changed_.notify_all();
}

void Jobs::work() {
  for (;;) {
    JobPtr job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return stopped_ || !readings_.empty() || !runs_.empty(); });
      if (stopped_) return;
      std::deque<JobPtr>& from = readings_.empty() ? runs_ : readings_;
      job = std::move(from.front());
      from.pop_front();
      running_.push_back(job);
      job->status.state = JobState::kRunning;
      job->status.stage = "starting";
      ++job->status.version;
      changed_.notify_all();
    }
    run(job);
  }
}

}  // namespace limpid
