#include <deque>
#include <fmt/format.h>

#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/json_requests.h"
#include "server/own_job.h"
#include "server/prompts.h"
#include "server/query.h"

#include "base/stopwatch.h"

namespace limpid {

namespace {

constexpr std::chrono::milliseconds kLook(100);  // how soon a client that went is noticed
constexpr std::chrono::seconds kHeartbeat(15);

/// Events on their way from the computation to the client.
class Channel {
 public:
  void put(std::string event) {
    const std::scoped_lock lock(mutex_);
    events_.push_back(std::move(event));
  }
  std::deque<std::string> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(events_, {});
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> events_;
};

Jobs::Work generating(App& app, const OpenModelPtr& model, const GenerateRequest& request,
                      const std::vector<std::string>& warnings, const std::shared_ptr<Channel>& channel) {
  return [&app, model, request, warnings, channel](const RunControl& control) -> Answer<void> {
    size_t index = 0;
    const auto on_token = [&](const NamedPrediction& token, std::string_view text) {
      channel->put(event("token", token_event_json(index++, token, text)));
    };
    const Stopwatch watch;
    SERVER_TRY(const Generation generation, model->session.generate(request, on_token, control));
    SERVER_TRY(const StoredTracePtr stored,
               make_stored(model, {.ids = generation.trace->ids, .warnings = warnings}, generation.trace,
                           watch.seconds(), control));
    SERVER_CHECK_OK(app.traces.add(stored));
    channel->put(event("done", generated_event_json(stored->id, generation.result)));
    return {};
  };
}

/// Hands events on until the job has ended and all are sent; false when the client went.
bool hand_on(const App& app, const Job& job, Channel& channel, const HttpWriter& write) {
  auto last = std::chrono::steady_clock::now();
  for (JobStatus status = app.jobs.status(job);; status = app.jobs.wait(job, status.version, kLook)) {
    const bool has_ended = status.has_ended();  // before the channel is emptied: nothing comes after that
    const auto events = channel.take();
    for (const std::string& one : events) {
      if (!write(one)) return false;
    }
    if (has_ended) return !status.failure || write(event("error", error_json(*status.failure)));
    const auto now = std::chrono::steady_clock::now();
    if (!events.empty()) {
      last = now;
    } else if (now - last > kHeartbeat || status.state == JobState::kQueued) {
      if (!write(event("progress", progress_event_json(status)))) return false;
      last = now;
    }
  }
}

}  // namespace

Answer<HttpResponse> generate(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(GenerateBody body, parse_generate_request(call.request.body));
  if (body.request.max_tokens > app.config.max_generated_tokens) {
    return failure(413, "too_large",
                   fmt::format("max_tokens: expected at most {}, found {}", app.config.max_generated_tokens,
                               body.request.max_tokens));
  }
  SERVER_TRY(const OpenModelPtr model, open_model(app, call.request, body.prompt.model));
  std::vector<std::string> warnings;
  SERVER_TRY(body.request.prompt.ids, encode(app, *model, body.prompt.prompt, warnings));
  SERVER_CHECK_OK(app.traces.check_size(*model, body.request.prompt.ids.size() + body.request.max_tokens));
  SERVER_TRY(const std::shared_ptr<StreamPlace> place, StreamPlace::take(app));
  const auto channel = std::make_shared<Channel>();
  SERVER_TRY(JobPtr submitted,
             app.jobs.submit(Priority::kRun, generating(app, model, body.request, warnings, channel)));
  const auto job = std::make_shared<OwnJob>(app.jobs, std::move(submitted));
  HttpResponse response{.content_type = "text/event-stream"};
  response.stream = [&app, job, channel, place](const HttpWriter& write) {
    hand_on(app, job->job(), *channel, write);
  };
  return response;
}

}  // namespace limpid
