// A job that nobody else waits for.
#pragma once

#include <utility>

#include "server/jobs.h"

namespace limpid {

/// Ends with its watcher.
class OwnJob {
 public:
  OwnJob(Jobs& jobs, JobPtr job) : jobs_(jobs), job_(std::move(job)) {}
  ~OwnJob() { jobs_.cancel(*job_); }
  OwnJob(const OwnJob&) = delete;
  OwnJob& operator=(const OwnJob&) = delete;
  const Job& job() const { return *job_; }

 private:
  Jobs& jobs_;
  JobPtr job_;
};

}  // namespace limpid
