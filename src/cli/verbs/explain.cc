#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/explain_batch.h"
#include "cli/explanation.h"
#include "cli/figure_file.h"
#include "cli/options.h"
#include "cli/page_file.h"
#include "cli/progress.h"
#include "cli/proof_options.h"
#include "cli/summary.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  std::string format;
  int token = -1;
  ExplanationOptions shown;
  BatchOptions batch;
  FigureFileOptions figure;
  PageFileOptions page;
  ProofOptions proof;

  BatchRequest request(const Prompt& prompt_of_all) const {
    return {{prompt_of_all, token, static_cast<size_t>(shown.top)}, shown.route()};
  }
};

std::string draw_figure(const Session& session, const Explanation& explanation, const Route& route,
                        const Options& options) {
  const RouteRun run = {
      .model = session.name(), .tokens = explanation.tokens(), .predictions = explanation.predictions()};
  return route_figure(route, run, options.shown.min_flow, options.figure.figure());
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
  LIMPID_TRY(const std::optional<RouteProof> proof,
             options.proof.prove(session, explanation, route, prompt, progress.control()));
  print_warnings(explanation.warnings());
  const auto print = [&] {
    if (options.format == "json") {
      fmt::print("{}",
                 to_json(session, explanation, route, JsonLayout::kIndented, proof ? &*proof : nullptr));
    } else if (options.format == "csv") {
      fmt::print("{}", edges_csv(route));
    } else {
      fmt::print("{}", draw_explanation(session, explanation, route, options.shown));
      if (proof) fmt::print("\n{}", draw_proof(*proof, Terminal::of_stdout()));
    }
  };
  LIMPID_CHECK_OK(options.figure.print_and_draw(
      print, [&] { return draw_figure(session, explanation, route, options); }));
  return options.page.write(session, explanation, request.route);
}

/// The prompt is on the command line or in a file.
void check(Options& options) {
  if (options.batch.prompts) options.prompt.expect_model_only("--prompts");
  options.prompt.check();
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option(
         "--token", options->token,
         "Explain what is predicted after this token: 0 is the first, negative numbers count from the end")
      ->capture_default_str()
      ->group(kRouteGroup);
  options->shown.add_to(app);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->figure.add_to(app);
  options->page.add_to(app);
  options->proof.add_to(app);
  options->batch.add_to(app);
  for (const char* file : {"--svg", "--html", "--verify"})
    app.get_option(file)->excludes(app.get_option("--prompts"));
  options->compute.add_to(app);
  app.parse_complete_callback([o = options.get()] { check(*o); });
  return [options] { return run_explain(*options); };
}

}  // namespace

extern const Verb k_explain;
const Verb k_explain = {
    "explain", "Show the routes by which information reached a prediction",
    "limpid explain \"When Mary and John went to the store, John gave a drink to\"\n"
    "limpid explain --threshold 0.1 --format json \"The capital of France is\"\n"
    "limpid explain \"The capital of France is\" --html route.html\n"
    "limpid explain \"When Mary and John went to the store, John gave a drink to\" --verify --target \" "
    "Mary\" "
    "--versus \" John\"\n"
    "printf 'Rome is in\\n{\"prompt\": \"Oslo is in\", \"id\": 7}\\n' | limpid explain --prompts -",
    define,
    "Runs the model over the prompt and follows what its next token was predicted from, down to the "
    "embeddings: attention heads that read earlier tokens, feed-forward blocks, and the residual stream "
    "between them. Shows the most probable next tokens, a drawing of the route (tokens as columns, layers as "
    "rows), and the strongest edges and heads. Shares say where information flows; they claim no causal "
    "effect.\n"
    "With --prompts every line of a file is a request: a prompt as it stands or, if it starts with {, a JSON "
    "object with \"prompt\" or \"ids\" and, where wanted, \"token\", \"threshold\", \"renormalize\", "
    "\"top\", "
    "\"bos\" (\"auto\", \"yes\", \"no\"), \"chat\", \"system\", and an \"id\" that comes back with the "
    "answer. Each answer is a line of JSON (docs/schema/batch.json), a "
    "result "
    "or an error. A line that fails stops nothing, but makes the exit code 1."};

}  // namespace limpid
