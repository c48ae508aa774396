// What handlers work with.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/failure.h"
#include "server/http.h"
#include "server/jobs.h"
#include "server/model_pool.h"
#include "server/openings.h"
#include "server/traces.h"

#include "base/stopwatch.h"

namespace limpid {

struct App {
  App(const ServerConfig& configuration, std::vector<AllowedModel> allowed, size_t cache_bytes,
      ModelPool::Options pool);

  const ServerConfig config;
  Traces traces;
  ModelPool models;
  Openings openings;
  std::atomic<size_t> n_stream = 0;
  const Stopwatch uptime = {};
  Jobs jobs;  // last: what runs uses the others, so its end is waited for first
};

/// A request, with what stands in the places of its path.
struct Call {
  const HttpRequest& request;
  std::vector<std::string> path;
};

using Handler = Answer<HttpResponse> (*)(App& app, const Call& call);

inline HttpResponse json(std::string body, int status = 200) {
  return {.status = status, .content_type = "application/json", .body = std::move(body)};
}

/// Waits for the work's turn and its end; the work is cancelled when the client goes, or after a time limit.
/// Errors: as Jobs::submit; 408; those of the work.
using Work = std::function<Answer<void>(const RunControl&)>;
Answer<void> compute(App& app, const HttpRequest& request, Work work);

/// The model, which the request waits for where it is not open. Errors: as compute and ModelPool::open.
Answer<OpenModelPtr> open_model(App& app, const HttpRequest& request, const std::string& name);

/// Reserves a stream of events for as long as it lives.
class StreamPlace {
 public:
  /// 429 when all are taken.
  static Answer<std::shared_ptr<StreamPlace>> take(App& app);
  ~StreamPlace() { --app_.n_stream; }
  StreamPlace(const StreamPlace&) = delete;
  StreamPlace& operator=(const StreamPlace&) = delete;

 private:
  explicit StreamPlace(App& app) : app_(app) {}
  App& app_;
};

/// One server-sent event; `data` is one line of JSON.
std::string event(std::string_view name, std::string_view data);

}  // namespace limpid
