// Server-sent events of one job.
#pragma once

#include <string>

#include "server/http.h"
#include "server/jobs.h"

namespace limpid {

/// Writes how far it is until it ends, then `done`, an event, or why it failed.
void watch(const Jobs& jobs, const Job& job, const std::string& done, const HttpWriter& write);

}  // namespace limpid
