#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/json_requests.h"
#include "server/prompts.h"
#include "server/query.h"

#include "api/describe.h"
#include "api/json.h"

namespace limpid {

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

}  // namespace limpid
