#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/explain_batch.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/route_drawing.h"
#include "cli/summary.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace limpid {

namespace {

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  std::string format;
  int token = -1;
  int top = 5;
  float threshold = 0.04f;
  bool renormalize = true;
  double min_flow = 0.01;
  BatchOptions batch;

  BatchRequest request(const Prompt& prompt_of_all) const {
    return {{prompt_of_all, token, static_cast<size_t>(top)},
            {.threshold = threshold, .renormalize = renormalize}};
  }
};

void print_text(const Session& session, const Explanation& explanation, const Route& route,
                const Options& options) {
  const Terminal terminal = Terminal::of_stdout();
  const ModelSpec& spec = session.model().spec();
  const auto& tokens = explanation.tokens();
  fmt::print("{}  {}\n\n", terminal.paint(Ink::kBold, session.name()),
             terminal.paint(Ink::kMuted, fmt::format("{}, {} layers x {} heads, {} tokens", spec.family,
                                                     spec.n_layer, spec.n_head, tokens.size())));
  fmt::print("{}\n", draw_predictions(explanation.predictions(), terminal));
  fmt::print("{}  {}\n", terminal.paint(Ink::kBold, "Route"),
             terminal.paint(
                 Ink::kMuted,
                 fmt::format("after '{}' @{}: {} nodes, {} edges above {:g}{}",
                             short_label(tokens[static_cast<size_t>(explanation.position())]),
                             explanation.position(), route.nodes.size(), route.edges.size(),
                             route.options.threshold, route.options.renormalize ? ", renormalised" : "")));
  fmt::print("{}\n", draw_route(route, tokens, terminal, {.min_flow = options.min_flow}));
  fmt::print("{}   {}   {}   {}\n\n", terminal.paint(Ink::kResidual, "│ residual"),
             terminal.paint(Ink::kFfn, "◆ with FFN"), terminal.paint(Ink::kAttention, "╭─╯ attention"),
             terminal.paint(Ink::kError, "○ diffuse: no part above the threshold"));
  fmt::print("{}\n{}", strongest_edges(route, tokens, 10, terminal), strongest_heads(route, 6, terminal));
}

Status run_explain(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  const BatchRequest request = options.request(prompt);
  if (options.batch.prompts) return explain_batch(session, options.batch, request);
  ProgressBar progress;
  LIMPID_TRY(Explanation explanation, session.explain(request.explain, progress.control()));
  LIMPID_TRY(const Route route, explanation.route(request.route));
  for (const std::string& warning : explanation.warnings())
    fmt::print(stderr, "limpid: warning: {}\n", warning);
  if (options.format == "json") {
    fmt::print("{}", to_json(session, explanation, route));
  } else if (options.format == "csv") {
    fmt::print("{}", edges_csv(route));
  } else {
    print_text(session, explanation, route, options);
  }
  return {};
}

/// The prompt is on the command line or in a file.
void check(Options& options) {
  if (options.batch.prompts) options.prompt.expect_model_only("--prompts");
  options.prompt.check();
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option("--token", options->token,
                 "Explain what is predicted after this token; negative: from the end")
      ->capture_default_str();
  app.add_option("--threshold", options->threshold, "Parts at or below this share are dropped, 0 to 1")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  app.add_flag("--renormalize,!--no-renormalize", options->renormalize,
               "Divide what is left of each state by its sum (default), or keep the shares as they are");
  app.add_option("--top", options->top, "Number of predictions shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--min-flow", options->min_flow, "Draw edges that carry at least this share of the flow")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->batch.add_to(app);
  options->compute.add_to(app);
  app.parse_complete_callback([o = options.get()] { check(*o); });
  return [options] { return run_explain(*options); };
}

}  // namespace

extern const Verb k_explain;
const Verb k_explain = {"explain", "Show the routes by which information reached a prediction",
                        "limpid explain \"When Mary and John went to the store, John gave a drink to\"",
                        define};

}  // namespace limpid
