#include <limits>

#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/json_requests.h"
#include "server/prompts.h"
#include "server/query.h"
#include "server/watch.h"

#include "api/describe.h"
#include "api/json.h"

namespace limpid {

namespace {

constexpr int kLongestHeadsProbe = 1024;  // tokens, which are run twice

HttpResponse opening(const App& app, const std::string& model, const JobPtr& job, int status_if_pending) {
  if (!job) return json(opened_json(model));
  const JobStatus status = app.jobs.status(*job);
  if (status.state == JobState::kDone) return json(opened_json(model));
  return json(job_json("model", model, status), status_if_pending);
}

}  // namespace

Answer<HttpResponse> start_opening(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_CHECK_OK(parse_empty_request(call.request.body));
  SERVER_TRY(const JobPtr job, app.openings.start(call.path[0]));
  return opening(app, call.path[0], job, 202);
}

Answer<HttpResponse> get_opening(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const JobPtr job, app.openings.find(call.path[0]));
  return opening(app, call.path[0], job, 200);
}

Answer<HttpResponse> cancel_opening(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const JobPtr job, app.openings.find(call.path[0]));
  if (job) app.jobs.cancel(*job);
  return HttpResponse{.status = 204};
}

Answer<HttpResponse> watch_opening(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const JobPtr job, app.openings.find(call.path[0]));
  SERVER_TRY(const std::shared_ptr<StreamPlace> place, StreamPlace::take(app));
  const std::string done = event("done", opened_event_json(call.path[0]));
  HttpResponse response{.content_type = "text/event-stream"};
  response.stream = [&app, job, done, place](const HttpWriter& write) {
    if (job) {
      watch(app.jobs, *job, done, write);
    } else {
      write(done);
    }
  };
  return response;
}

Answer<HttpResponse> list_models(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  return json(models_json(app));
}

Answer<HttpResponse> get_model(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const AllowedModel* model, app.models.find(call.path[0]));
  std::string body;
  const auto work = [&](const RunControl&) -> Answer<void> {
    SERVER_TRY(const ModelInfo info,
               describe(model->argument, app.config.max_prompt_tokens, app.models.open_options()));
    body = to_json(info, JsonLayout::kOneLine);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return json(std::move(body));
}

Answer<HttpResponse> tokenize(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const Prompt prompt, parse_tokenize_request(call.request.body));
  SERVER_TRY(const OpenModelPtr model, open_model(app, call.request, call.path[0]));
  std::vector<std::string> warnings;
  SERVER_TRY(const std::vector<int> ids, encode(app, *model, prompt, warnings));
  SERVER_TRY(const std::vector<Piece> pieces, model->session.vocabulary().pieces(ids));
  return json(to_json(pieces, JsonLayout::kOneLine));
}

Answer<HttpResponse> get_heads(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"seed", "length"}));
  HeadsRequest request;
  SERVER_TRY(const int seed, query.integer("seed", 1, 0, std::numeric_limits<int>::max()));
  SERVER_TRY(request.length, query.integer("length", request.length, 2, kLongestHeadsProbe));
  request.seed = static_cast<uint64_t>(seed);
  SERVER_TRY(const OpenModelPtr model, open_model(app, call.request, call.path[0]));
  std::string body;
  const auto work = [&](const RunControl& control) -> Answer<void> {
    SERVER_TRY(const HeadsResult result, model->session.heads(request, control));
    body = to_json(result, JsonLayout::kOneLine);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return json(std::move(body));
}

}  // namespace limpid
