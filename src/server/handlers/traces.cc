#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/json_requests.h"
#include "server/prompts.h"
#include "server/query.h"
#include "server/watch.h"

namespace limpid {

namespace {

/// How far it is, or what it is once done: a job may end at any moment.
Answer<HttpResponse> answer(App& app, Traces::Found found) {
  if (!found.done) {
    const JobStatus status = app.jobs.status(*found.job);
    if (status.state != JobState::kDone) return json(job_json("id", found.id, status), 202);
    SERVER_TRY(found, app.traces.find(found.id));
    if (!found.done) return answer(app, std::move(found));  // run anew by somebody, meanwhile
  }
  return json(trace_json(*found.done));
}

}  // namespace

Answer<HttpResponse> create_trace(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const TraceBody body, parse_trace_request(call.request.body));
  SERVER_TRY(const OpenModelPtr model, open_model(app, call.request, body.prompt.model));
  RunRequest request;
  SERVER_TRY(request.ids, encode(app, *model, body.prompt.prompt, request.warnings));
  if (body.against) {
    SERVER_TRY(request.against,
               encode_against(app, *model, *body.against, request.ids, request.against_warnings));
  }
  SERVER_TRY(request.replace,
             resolve_replace(*model, request.ids.size(), body.against.has_value(), body.replace));
  SERVER_TRY(const Traces::Found found, app.traces.create(model, request));
  return answer(app, found);
}

Answer<HttpResponse> get_trace(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(Traces::Found found, app.traces.find(call.path[0]));
  SERVER_TRY(HttpResponse response, answer(app, std::move(found)));
  response.status = 200;
  return response;
}

Answer<HttpResponse> cancel_trace(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const Traces::Found found, app.traces.find(call.path[0]));
  if (found.job) app.jobs.cancel(*found.job);
  return HttpResponse{.status = 204};
}

Answer<HttpResponse> watch_trace(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const Traces::Found found, app.traces.find(call.path[0]));
  SERVER_TRY(const std::shared_ptr<StreamPlace> place, StreamPlace::take(app));
  HttpResponse response{.content_type = "text/event-stream"};
  response.stream = [&app, found, place](const HttpWriter& write) {
    const std::string done = event("done", done_event_json(found.id));
    if (found.done) {
      write(done);
    } else {
      watch(app.jobs, *found.job, done, write);
    }
  };
  return response;
}

}  // namespace limpid
