#include "server/jobs.h"

#include <future>
#include <gtest/gtest.h>
#include <stdexcept>

namespace limpid {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong(10000);

JobStatus end_of(const Jobs& jobs, const Job& job) {
  JobStatus status = jobs.status(job);
  while (!status.has_ended()) status = jobs.wait(job, status.version, kLong);
  return status;
}

/// Runs until it is let go, or cancelled.
class Gate {
 public:
  Jobs::Work work() {
    return [this](const RunControl& control) -> Answer<void> {
      entered_.set_value();
      while (!open_) {
        if (const Status status = control.tick("waiting", 0.5); !status)
          return tl::unexpected<Failure>(status.error());
        std::this_thread::sleep_for(milliseconds(1));
      }
      return {};
    };
  }
  void await_entry() { entered_.get_future().wait(); }
  void open() { open_ = true; }

 private:
  std::promise<void> entered_;
  std::atomic<bool> open_ = false;
};

/// One thread, which a job keeps busy until the gate opens.
struct Busy {
  explicit Busy(size_t max_waiting = 16) : jobs(1, max_waiting) {
    running = *jobs.submit(Priority::kRun, gate.work());
    gate.await_entry();
  }

  Gate gate;
  std::vector<int> order;  // of the jobs that noted their number
  Jobs jobs;
  JobPtr running;
};

Jobs::Work noting(std::vector<int>& order, int number) {
  return [&order, number](const RunControl&) -> Answer<void> {
    order.push_back(number);
    return {};
  };
}

TEST(Jobs, RunInOrderReadingsFirst) {
  Busy busy;
  auto& [gate, order, jobs, first] = busy;
  const JobPtr run1 = *jobs.submit(Priority::kRun, noting(order, 1));
  const JobPtr run2 = *jobs.submit(Priority::kRun, noting(order, 2));
  const JobPtr reading = *jobs.submit(Priority::kReading, noting(order, 3));
  EXPECT_EQ(jobs.status(*first).position, 0u);
  EXPECT_EQ(jobs.status(*first).state, JobState::kRunning);
  EXPECT_EQ(jobs.status(*reading).position, 1u);
  EXPECT_EQ(jobs.status(*run1).position, 2u);
  EXPECT_EQ(jobs.status(*run2).position, 3u);
  gate.open();
  EXPECT_EQ(end_of(jobs, *run2).state, JobState::kDone);
  EXPECT_EQ(order, (std::vector<int>{3, 1, 2}));
}

TEST(Jobs, NoMoreWaitThanAllowed) {
  Busy busy(/*max_waiting=*/2);
  auto& [gate, order, jobs, running] = busy;
  EXPECT_TRUE(jobs.submit(Priority::kRun, noting(order, 1)));
  EXPECT_TRUE(jobs.submit(Priority::kReading, noting(order, 2)));
  const auto refused = jobs.submit(Priority::kReading, noting(order, 3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 429);
  EXPECT_EQ(jobs.n_waiting(), 2u);
  EXPECT_EQ(jobs.n_running(), 1u);
  gate.open();
}

TEST(Jobs, CancelsWhatWaitsAndWhatRuns) {
  Busy busy;
  auto& [gate, order, jobs, running] = busy;
  const JobPtr waiting = *jobs.submit(Priority::kRun, noting(order, 1));
  jobs.cancel(*waiting);
  EXPECT_EQ(jobs.status(*waiting).state, JobState::kCancelled);
  jobs.cancel(*running);
  const JobStatus status = end_of(jobs, *running);
  EXPECT_EQ(status.state, JobState::kCancelled);
  EXPECT_EQ(status.failure->code, "cancelled");
  jobs.cancel(*running);  // has ended: nothing happens
  EXPECT_EQ(jobs.status(*running).version, status.version);
  EXPECT_TRUE(jobs.wait_idle(kLong));
  EXPECT_TRUE(order.empty());
}

TEST(Jobs, ReportsProgressAndFailures) {
  Jobs jobs(1, 16);
  Gate gate;
  const JobPtr job = *jobs.submit(Priority::kRun, gate.work());
  JobStatus status = jobs.status(*job);
  while (status.stage != "waiting") status = jobs.wait(*job, status.version, kLong);
  EXPECT_EQ(status.fraction, 0.5);
  gate.open();
  const auto fails = [](const RunControl&) -> Answer<void> { return bad_request("no"); };
  const auto throws = [](const RunControl&) -> Answer<void> { throw std::runtime_error("oh"); };
  const auto exhausts = [](const RunControl&) -> Answer<void> { throw std::bad_alloc(); };
  EXPECT_EQ(end_of(jobs, **jobs.submit(Priority::kRun, fails)).failure->status, 400);
  EXPECT_EQ(end_of(jobs, **jobs.submit(Priority::kRun, throws)).failure->code, "internal");
  const JobStatus exhausted = end_of(jobs, **jobs.submit(Priority::kRun, exhausts));
  EXPECT_EQ(exhausted.state, JobState::kFailed);
  EXPECT_EQ(exhausted.failure->code, "out_of_memory");
}

TEST(Jobs, StoppingCancelsAllAndRefusesMore) {
  Busy busy;
  auto& [gate, order, jobs, running] = busy;
  const JobPtr waiting = *jobs.submit(Priority::kRun, noting(order, 1));
  jobs.stop();
  EXPECT_EQ(jobs.status(*waiting).failure->code, "unavailable");
  EXPECT_EQ(end_of(jobs, *running).failure->code, "unavailable");
  EXPECT_TRUE(jobs.wait_idle(kLong));
  EXPECT_EQ(jobs.submit(Priority::kRun, noting(order, 2)).error().status, 503);
  EXPECT_TRUE(order.empty());
}

TEST(Jobs, ManyThreadsRunEachJobOnce) {
  std::atomic<int> n_run = 0;
  {
    Jobs jobs(4, 1000);
    std::vector<JobPtr> all;
    for (int i = 0; i < 500; ++i) {
      all.push_back(
          *jobs.submit(i % 2 ? Priority::kRun : Priority::kReading, [&](const RunControl&) -> Answer<void> {
            ++n_run;
            return {};
          }));
    }
    for (const JobPtr& job : all) EXPECT_EQ(end_of(jobs, *job).state, JobState::kDone);
  }
  EXPECT_EQ(n_run, 500);
}

}  // namespace
}  // namespace limpid
