#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <fmt/format.h>

#include "api/csv.h"
#include "api/json.h"
#include "base/token_text.h"
#include "cli/explanation.h"
#include "cli/live_text.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kGenerationGroup = "Generation";
constexpr const char* kSamplingGroup = "Sampling";

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  std::string format;
  size_t max_tokens = 50;
  Sampling sampling;
  bool ignore_stop = false;
  std::vector<int> explain;
  ExplanationOptions shown;
};

/// An explanation and its route. Its address stays: what is written refers to it.
struct Explained {
  int number;
  std::unique_ptr<Explanation> explanation;
  Route route;
};

Result<std::vector<Explained>> explain_tokens(const Session& session, const Generation& generation,
                                              const Options& options) {
  std::vector<Explained> all;
  for (const int number : options.explain) {
    LIMPID_TRY(Explanation explanation,
               session.explain(generation, number, static_cast<size_t>(options.shown.top)));
    LIMPID_TRY(Route route, explanation.route(options.shown.route()));
    const int n = static_cast<int>(generation.result.tokens.size());
    all.push_back({number > 0 ? number : n + 1 + number,
                   std::make_unique<Explanation>(std::move(explanation)), std::move(route)});
  }
  return all;
}

void warn(const GenerateResult& result, const Session& session) {
  print_warnings(result.warnings);
  if (result.stop != StopReason::kContext) return;
  print_warnings(
      {fmt::format("stopped: the model's context of {} tokens is full", session.model().spec().n_ctx)});
}

void print_explained(const Session& session, const GenerateResult& result, const Explained& e,
                     const Options& options) {
  const Terminal terminal = Terminal::of_stdout();
  const NamedPrediction& token = result.tokens[static_cast<size_t>(e.number - 1)];
  fmt::print(
      "\n{}\n{}",
      terminal.paint(Ink::kBold, fmt::format("Token {}: {}, probability {:.3f}", e.number,
                                             mark_blanks(token.piece.text), token.prediction.probability)),
      draw_explanation(session, *e.explanation, e.route, options.shown));
}

Status generate_text(const Session& session, const GenerateRequest& request, const Options& options) {
  LiveText live(request.prompt.text);
  const auto generation = session.generate(
      request, [&](const NamedPrediction&, std::string_view text) { live.add(text); }, live.control());
  live.end();
  if (std::ferror(stdout) != 0) return {};  // the caller reports it
  if (!generation) return tl::unexpected<Error>(generation.error());
  warn(generation->result, session);
  LIMPID_TRY(const std::vector<Explained> explained, explain_tokens(session, *generation, options));
  for (const Explained& e : explained) print_explained(session, generation->result, e, options);
  return {};
}

Status generate_json(const Session& session, const GenerateRequest& request, const Options& options) {
  ProgressBar progress;
  LIMPID_TRY(const Generation generation, session.generate(request, {}, progress.control()));
  warn(generation.result, session);
  LIMPID_TRY(const std::vector<Explained> explained, explain_tokens(session, generation, options));
  std::vector<ExplainedToken> tokens;
  tokens.reserve(explained.size());
  for (const Explained& e : explained) tokens.push_back({e.number, *e.explanation, e.route});
  fmt::print("{}", to_json(session, request, generation.result, tokens));
  return {};
}

Status generate_csv(const Session& session, const GenerateRequest& request) {
  ProgressBar progress;
  LIMPID_TRY(const Generation generation, session.generate(request, {}, progress.control()));
  warn(generation.result, session);
  fmt::print("{}", to_csv(generation.result));
  return {};
}

/// Explanations have no place in a table of tokens.
void check(const Options& options) {
  options.prompt.check();
  if (options.format == "csv" && !options.explain.empty())
    throw CLI::ValidationError("--explain", "expected --format table or json beside it, found csv");
}

Status run_generate(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  const GenerateRequest request = {prompt, options.max_tokens, options.sampling, options.ignore_stop};
  if (options.format == "json") return generate_json(session, request, options);
  if (options.format == "csv") return generate_csv(session, request);
  return generate_text(session, request, options);
}

void add_sampling(CLI::App& app, Sampling& sampling) {
  app.add_option(
         "--temperature", sampling.temperature,
         "0: always the most probable token; 1: drawn from the model's probabilities; above 1: bolder")
      ->capture_default_str()
      ->group(kSamplingGroup);
  app.add_option("--top-k", sampling.top_k, "Draw from this many most probable tokens; 0: from all")
      ->capture_default_str()
      ->group(kSamplingGroup);
  app.add_option("--top-p", sampling.top_p,
                 "Draw from the fewest most probable tokens that together have this probability")
      ->capture_default_str()
      ->group(kSamplingGroup);
  add_seed_option(app, sampling.seed, "The same seed draws the same tokens", kSamplingGroup);
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option("--max-tokens", options->max_tokens, "Stop after this many tokens")
      ->check(CLI::Range(size_t{1}, size_t{1'000'000}))
      ->capture_default_str()
      ->group(kGenerationGroup);
  add_sampling(app, options->sampling);
  app.add_flag("--ignore-stop", options->ignore_stop, "Go on behind tokens that end a text")
      ->group(kGenerationGroup);
  app.add_option("--explain", options->explain,
                 "Explain generated tokens, separated by commas: 1 is the first one, -1 the last")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("N,...")
      ->check([](const std::string& n) { return n == "0" ? "expected 1 or more, or -1 or less" : ""; })
      ->group(kGenerationGroup);
  options->shown.add_to(app);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->compute.add_to(app);
  app.parse_complete_callback([o = options.get()] { check(*o); });
  return [options] { return run_generate(*options); };
}

}  // namespace

extern const Verb k_generate;
const Verb k_generate = {"generate", "Continue a prompt, and explain tokens of the continuation",
                         "limpid generate --max-tokens 20 --explain 1 \"The capital of France is\"", define,
                         "Writes the text as it comes, greedily or drawn from the model's probabilities, and "
                         "explains the predictions that some of its tokens were chosen from, from the same "
                         "run."};

}  // namespace limpid
