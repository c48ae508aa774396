#include <limits>

#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/json_requests.h"
#include "server/prompts.h"
#include "server/query.h"

#include "api/describe.h"
#include "api/json.h"

namespace limpid {

namespace {

constexpr int kLongestHeadsProbe = 1024;  // tokens, which are run twice

}  // namespace

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
    body = to_json(info);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return json(std::move(body));
}

Answer<HttpResponse> tokenize(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  SERVER_TRY(const Prompt prompt, parse_tokenize_request(call.request.body));
  SERVER_TRY(const OpenModelPtr model, app.models.open(call.path[0]));
  std::vector<std::string> warnings;
  SERVER_TRY(const std::vector<int> ids, encode(app, *model, prompt, warnings));
  SERVER_TRY(const std::vector<Piece> pieces, model->session.vocabulary().pieces(ids));
  return json(to_json(pieces));
}

Answer<HttpResponse> get_heads(App& app, const Call& call) {
  SERVER_TRY(const Query query, Query::parse(call.request.query, {"seed", "length"}));
  HeadsRequest request;
  SERVER_TRY(const int seed, query.integer("seed", 1, 0, std::numeric_limits<int>::max()));
  SERVER_TRY(request.length, query.integer("length", request.length, 2, kLongestHeadsProbe));
  request.seed = static_cast<uint64_t>(seed);
  SERVER_TRY(const OpenModelPtr model, app.models.open(call.path[0]));
  std::string body;
  const auto work = [&](const RunControl& control) -> Answer<void> {
    SERVER_TRY(const HeadsResult result, model->session.heads(request, control));
    body = to_json(result);
    return {};
  };
  SERVER_CHECK_OK(compute(app, call.request, work));
  return json(std::move(body));
}

}  // namespace limpid
