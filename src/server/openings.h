// Models that are being opened: read, and their weights decoded, as one job for all who ask. Thread-safe.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "server/jobs.h"
#include "server/model_pool.h"

namespace limpid {

class Openings {
 public:
  Openings(Jobs& jobs, ModelPool& models) : jobs_(jobs), models_(models) {}

  /// The job that opens a model, or nullptr when that is done. Errors: as ModelPool::find and Jobs::submit.
  Answer<JobPtr> start(const std::string& model);
  /// Likewise of one that was asked for: under way, or ended without success. 404 where it never was, or the
  /// model has been closed since.
  Answer<JobPtr> find(const std::string& model);

 private:
  bool is_done(const std::string& model) const;

  Jobs& jobs_;
  ModelPool& models_;
  std::mutex mutex_;
  std::map<std::string, JobPtr, std::less<>> jobs_by_model_;  // the last of each
};

}  // namespace limpid
