#include <fmt/format.h>

#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/json_requests.h"
#include "server/own_job.h"
#include "server/prompts.h"
#include "server/query.h"
#include "server/watch.h"

#include "api/causes.h"
#include "api/intervention_text.h"
#include "api/sweep.h"

namespace limpid {

namespace {

/// A run that is asked what replacing something in it would do.
struct Asked {
  StoredTracePtr clean;
  int position = 0;
  RunRequest request;  // of the same tokens, with the other run's
};

Answer<Asked> ask(App& app, const std::string& id, int token, const std::optional<Prompt>& against) {
  Asked asked;
  SERVER_TRY(asked.clean, app.traces.require(id));
  const StoredTrace& clean = *asked.clean;
  if (!clean.replace.empty()) {
    return bad_request("trace: expected a run that replaces nothing, found one that does",
                       "ask the run of the prompt alone, and name all interventions at once");
  }
  RunRequest& request = asked.request;
  request.ids = clean.trace->ids;
  request.warnings = clean.warnings;
  SERVER_TRY(asked.position, resolve_position(token, request.ids.size()));
  if (against) {
    SERVER_TRY(request.against,
               encode_against(app, *clean.model, *against, request.ids, request.against_warnings));
  }
  return asked;
}

/// With the other run, which is made where it is not kept.
Answer<CauseRuns> cause_runs(App& app, const Asked& asked, const MetricRequest& metric,
                             const RunControl& control) {
  const auto& [clean, position, request] = asked;
  std::shared_ptr<const Trace> against;
  if (!request.against.empty()) {
    SERVER_TRY(const StoredTracePtr other, app.traces.obtain(clean->model, request.other(), control));
    against = other->trace;
  }
  SERVER_TRY(CauseRuns runs, cause_runs(clean->model->session, clean->trace, against, position, metric));
  runs.warnings = request.all_warnings();
  return runs;
}

Answer<void> check_runs(const App& app, const Asked& asked, const SweepRequest& request) {
  SERVER_TRY(const size_t n, n_sweep_runs(asked.clean->trace->spec, request, asked.position));
  if (n <= app.config.max_sweep_runs) return {};
  return failure(
      413, "too_large",
      fmt::format("sweep: expected at most {} runs, found {}", app.config.max_sweep_runs, n),
      "sweep over less at a time, or a shorter prompt; max_sweep_runs in the configuration of the server "
      "sets it");
}

}  // namespace

Answer<HttpResponse> patch(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const PatchRequest request, parse_patch_request(call.request.body));
  SERVER_TRY(Asked asked, ask(app, call.path[0], request.token, request.against));
  const OpenModelPtr& model = asked.clean->model;
  const size_t n_tok = asked.request.ids.size();
  SERVER_TRY(asked.request.replace,
             resolve_replace(*model, n_tok, request.against.has_value(), request.replace));
  std::string body;
  const auto work = [&](const RunControl& control) -> Answer<void> {
    SERVER_TRY(CauseRuns runs, cause_runs(app, asked, request.metric, control));
    SERVER_TRY(const StoredTracePtr patched, app.traces.obtain(model, asked.request, control));
    std::vector<Intervention> interventions;
    for (const std::string& text : request.replace) {
      SERVER_TRY(interventions.emplace_back(), parse_intervention(model->session.model(), n_tok, text));
    }
    SERVER_TRY(const PatchResult result, compare(model->session, std::move(runs), *patched->trace,
                                                 interventions, request.n_predictions, control));
    body = patched_json(patched->id, result);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return json(std::move(body));
}

Answer<HttpResponse> sweep(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const SweepRequest request, parse_sweep_request(call.request.body));
  SERVER_TRY(const Asked asked, ask(app, call.path[0], request.token, request.against));
  SERVER_CHECK_OK(check_runs(app, asked, request));
  SERVER_TRY(const std::shared_ptr<StreamPlace> place, StreamPlace::take(app));
  const auto done = std::make_shared<std::string>();
  const auto work = [&app, asked, request, done](const RunControl& control) -> Answer<void> {
    SERVER_TRY(CauseRuns runs, cause_runs(app, asked, request.metric, control));
    SERVER_TRY(const SweepResult result,
               asked.clean->model->session.sweep(std::move(runs), request, control));
    *done = event("done", swept_event_json(result));
    return {};
  };
  SERVER_TRY(JobPtr submitted, app.jobs.submit(Priority::kRun, work));
  const auto job = std::make_shared<OwnJob>(app.jobs, std::move(submitted));
  HttpResponse response{.content_type = "text/event-stream"};
  response.stream = [&app, job, done, place](const HttpWriter& write) {
    watch(app.jobs, job->job(), *done, write);
  };
  return response;
}

}  // namespace limpid
