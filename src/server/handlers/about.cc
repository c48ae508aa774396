#include "server/assets.h"
#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/query.h"

namespace limpid {

Answer<HttpResponse> get_health(App&, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  return json("{\"ok\":true}\n");
}

Answer<HttpResponse> get_openapi(App&, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  return json(std::string(openapi_document()));
}

Answer<HttpResponse> get_config(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  return json(config_json(app));
}

Answer<HttpResponse> get_status(App& app, const Call& call) {
  SERVER_CHECK_OK(Query::parse(call.request.query, {}));
  if (!app.config.debug) {
    return failure(404, "not_found", "the server does not tell its status",
                   "`limpid serve --debug`, or `debug = true` in its configuration");
  }
  return json(status_json(app));
}

}  // namespace limpid
