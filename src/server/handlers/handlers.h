// What is done for each address; see openapi.json.
#pragma once

#include "server/app.h"

namespace limpid {

// about.cc
Answer<HttpResponse> get_health(App& app, const Call& call);
Answer<HttpResponse> get_openapi(App& app, const Call& call);
Answer<HttpResponse> get_config(App& app, const Call& call);
Answer<HttpResponse> get_status(App& app, const Call& call);

// models.cc; path: the model
Answer<HttpResponse> list_models(App& app, const Call& call);
Answer<HttpResponse> get_model(App& app, const Call& call);
Answer<HttpResponse> tokenize(App& app, const Call& call);
Answer<HttpResponse> get_heads(App& app, const Call& call);
Answer<HttpResponse> start_opening(App& app, const Call& call);
Answer<HttpResponse> get_opening(App& app, const Call& call);
Answer<HttpResponse> cancel_opening(App& app, const Call& call);
Answer<HttpResponse> watch_opening(App& app, const Call& call);

// traces.cc; path: the id
Answer<HttpResponse> create_trace(App& app, const Call& call);
Answer<HttpResponse> get_trace(App& app, const Call& call);
Answer<HttpResponse> cancel_trace(App& app, const Call& call);
Answer<HttpResponse> watch_trace(App& app, const Call& call);

// readings.cc; path: the id
Answer<HttpResponse> get_route(App& app, const Call& call);
Answer<HttpResponse> get_shares(App& app, const Call& call);
Answer<HttpResponse> get_inspection(App& app, const Call& call);
Answer<HttpResponse> get_lens(App& app, const Call& call);
Answer<HttpResponse> get_attention(App& app, const Call& call);

// interventions.cc; path: the id
Answer<HttpResponse> patch(App& app, const Call& call);
Answer<HttpResponse> sweep(App& app, const Call& call);

// figures.cc; path: the id
Answer<HttpResponse> get_figure(App& app, const Call& call);

// generate.cc
Answer<HttpResponse> generate(App& app, const Call& call);

}  // namespace limpid
