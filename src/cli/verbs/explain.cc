#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/figure_file.h"
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
  FigureFileOptions figure;
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

/// Writes the figure, if one is wanted.
Status write_figure(const Session& session, const Explanation& explanation, const Route& route,
                    const Options& options) {
  if (!options.figure.wanted()) return {};
  const RouteRun run = {
      .model = session.name(), .tokens = explanation.tokens(), .predictions = explanation.predictions()};
  return options.figure.write(route_figure(route, run, options.min_flow, options.figure.figure()));
}

Status run_explain(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  ProgressBar progress;
  LIMPID_TRY(Explanation explanation,
             session.explain({prompt, options.token, static_cast<size_t>(options.top)}, progress.control()));
  LIMPID_TRY(const Route route,
             explanation.route({.threshold = options.threshold, .renormalize = options.renormalize}));
  for (const std::string& warning : explanation.warnings())
    fmt::print(stderr, "limpid: warning: {}\n", warning);
  if (options.figure.to_stdout()) return write_figure(session, explanation, route, options);
  if (options.format == "json") {
    fmt::print("{}", to_json(session, explanation, route));
  } else if (options.format == "csv") {
    fmt::print("{}", edges_csv(route));
  } else {
    print_text(session, explanation, route, options);
  }
  return write_figure(session, explanation, route, options);
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
  options->figure.add_to(app);
  options->compute.add_to(app);
  return [options] { return run_explain(*options); };
}

}  // namespace

extern const Verb k_explain;
const Verb k_explain = {"explain", "Show the routes by which information reached a prediction",
                        "limpid explain \"When Mary and John went to the store, John gave a drink to\"",
                        define};

}  // namespace limpid
