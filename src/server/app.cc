#include "server/app.h"

#include <fmt/format.h>

namespace limpid {

namespace {

constexpr std::chrono::seconds kLongestWait(120);
constexpr std::chrono::milliseconds kLook(100);  // how soon a client that went is noticed

ModelPool::Options closing_traces(ModelPool::Options options, Traces& traces) {
  options.on_closed = [&traces](const std::string& name) { traces.drop_model(name); };
  return options;
}

}  // namespace

App::App(const ServerConfig& configuration, std::vector<AllowedModel> allowed, size_t cache_bytes,
         ModelPool::Options pool)
    : config(configuration),
      traces(jobs, cache_bytes),
      models(std::move(allowed), closing_traces(std::move(pool), traces)),
      openings(jobs, models),
      jobs(config.computations, config.max_waiting) {}

Answer<void> compute(App& app, const HttpRequest& request, Work work) {
  SERVER_TRY(const JobPtr job, app.jobs.submit(Priority::kReading, std::move(work)));
  const auto deadline = std::chrono::steady_clock::now() + kLongestWait;
  bool late = false;
  JobStatus status = app.jobs.status(*job);
  while (!status.has_ended()) {
    status = app.jobs.wait(*job, status.version, kLook);
    const bool is_late = std::chrono::steady_clock::now() > deadline;
    if (!late && !status.has_ended() && (is_late || request.is_gone())) {
      late = true;
      app.jobs.cancel(*job);
    }
  }
  if (!status.failure) return {};
  if (late && status.state == JobState::kCancelled) {
    return failure(408, "timeout", fmt::format("not done after {} s", kLongestWait.count()),
                   "ask for less at once");
  }
  return tl::unexpected<Failure>(*status.failure);
}

Answer<OpenModelPtr> open_model(App& app, const HttpRequest& request, const std::string& name) {
  SERVER_TRY(const AllowedModel* model, app.models.find(name));
  if (app.models.if_open(model->name)) return app.models.open(model->name);
  OpenModelPtr opened;
  SERVER_CHECK_OK(compute(app, request, [&](const RunControl& control) -> Answer<void> {
    SERVER_TRY(opened, app.models.open(model->name, control));
    return {};
  }));
  return opened;
}

Answer<std::shared_ptr<StreamPlace>> StreamPlace::take(App& app) {
  std::shared_ptr<StreamPlace> place;
  if (++app.n_stream <= app.config.max_streams) return std::shared_ptr<StreamPlace>(new StreamPlace(app));
  --app.n_stream;
  return failure(429, "too_many", fmt::format("{} streams are open already", app.config.max_streams),
                 "close one, or ask for GET /traces/{id} now and then");
}

std::string event(std::string_view name, std::string_view data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

}  // namespace limpid
