#include "server/watch.h"

#include "server/app.h"
#include "server/json_answers.h"

namespace limpid {

namespace {

constexpr std::chrono::seconds kHeartbeat(15);  // so that a client that went is noticed

}  // namespace

void watch(const Jobs& jobs, const Job& job, const std::string& done, const HttpWriter& write) {
  JobStatus status = jobs.status(job);
  while (!status.has_ended()) {
    if (!write(event("progress", progress_event_json(status)))) return;
    const uint64_t seen = status.version;
    while (!status.has_ended() && status.version == seen) {
      status = jobs.wait(job, seen, kHeartbeat);
      if (status.version == seen && !write(": waiting\n\n")) return;
    }
  }
  write(status.failure ? event("error", error_json(*status.failure)) : done);
}

}  // namespace limpid
