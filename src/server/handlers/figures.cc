#include <array>

#include "figures/figure.h"
#include "server/handlers/handlers.h"
#include "server/handlers/reading.h"

namespace limpid {

namespace {

HttpResponse svg(std::string text) {
  return {.content_type = "image/svg+xml", .body = std::move(text)};
}

/// A figure of a run with what the address asks for; made ready before its turn comes.
using Drawing = Reading;

Answer<Drawing> draw_route(const App& app, const Query& query, const StoredTrace& trace,
                           const FigureOptions& options) {
  SERVER_TRY(const RouteOptions request, route_request(query, *trace.trace));
  SERVER_TRY(const double min_flow, query.number("min_flow", 0.01, 0, 1));
  return [=, &app](StoredTrace& stored, const RunControl&) -> Answer<HttpResponse> {
    SERVER_TRY(const ReadRoute drawn, read_route(app, stored, request));
    const RouteRun run = {stored.model->session.name(), drawn.explanation.tokens(),
                          drawn.explanation.predictions()};
    return svg(route_figure(drawn.route, run, min_flow, options));
  };
}

Answer<Drawing> draw_lens(const Query& query, const FigureOptions& options) {
  LensRequest request;
  request.n_predictions = 1;
  SERVER_TRY(request.state, lens_state(query));
  return [=](StoredTrace& stored, const RunControl& control) -> Answer<HttpResponse> {
    SERVER_TRY(const LensResult result, stored.model->session.lens(*stored.trace, request, control));
    return svg(lens_figure(result, options));
  };
}

Answer<Drawing> draw_attention(const Query& query, const StoredTrace& trace, const FigureOptions& options) {
  SERVER_TRY(const AttentionRequest request, attention_request(query, *trace.trace));
  return [=](StoredTrace& stored, const RunControl& control) -> Answer<HttpResponse> {
    SERVER_TRY(const AttentionResult result,
               stored.model->session.attention(*stored.trace, request, control));
    return svg(attention_figure(result, options));
  };
}

}  // namespace

Answer<HttpResponse> get_figure(App& app, const Call& call) {
  SERVER_TRY(const Query query,
             Query::parse(call.request.query, {"kind", "theme", "width", "token", "threshold", "renormalize",
                                               "min_flow", "state", "head*", "layer*"}));
  SERVER_TRY(const StoredTracePtr trace, app.traces.require(call.path[0]));
  SERVER_TRY(const size_t theme, query.choice("theme", {"light", "dark"}));
  FigureOptions options;
  options.theme = theme == 0 ? light_theme() : dark_theme();
  SERVER_TRY(options.width, query.number("width", options.width, kMinFigureWidth, kMaxFigureWidth));
  SERVER_TRY(const size_t kind, query.choice("kind", {"route", "lens", "attention"}));
  Answer<Drawing> drawing = kind == 0   ? draw_route(app, query, *trace, options)
                            : kind == 1 ? draw_lens(query, options)
                                        : draw_attention(query, *trace, options);
  if (!drawing) return tl::unexpected<Failure>(drawing.error());
  return read(app, call, trace, *drawing);
}

}  // namespace limpid
