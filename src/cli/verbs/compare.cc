#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <optional>

#include "api/csv.h"
#include "api/json.h"
#include "cli/comparison_text.h"
#include "cli/explanation.h"
#include "cli/figure_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kOtherGroup = "The other run";

struct Options {
  PromptOptions prompt;
  std::string other_prompt;
  std::vector<int> other_ids;
  std::string other_model;
  std::string other_adapter;
  ComputeOptions compute;
  ExplanationOptions shown;
  FigureFileOptions figure;
  std::string format;
  int token = -1;

  bool is_other_model() const { return !other_model.empty() || !other_adapter.empty(); }
};

Result<Explanation> explain(const Session& session, const Prompt& prompt, const Options& options) {
  ProgressBar progress;
  return session.explain({prompt, options.token, static_cast<size_t>(options.shown.top)}, progress.control());
}

/// The prompt of the other run: another text, other ids, or the same.
Prompt other(Prompt prompt, const Options& options) {
  if (!options.other_ids.empty()) prompt.ids = options.other_ids;
  if (!options.other_prompt.empty()) prompt.text = options.other_prompt;
  return prompt;
}

Status show(const Comparison& comparison, const Options& options) {
  print_warnings(comparison.warnings);
  const auto print = [&] {
    if (options.format == "json") {
      fmt::print("{}", to_json(comparison));
    } else if (options.format == "csv") {
      fmt::print("{}", to_csv(comparison));
    } else {
      fmt::print("{}",
                 comparison_text(comparison, {.min_flow = options.shown.min_flow}, Terminal::of_stdout()));
    }
  };
  return options.figure.print_and_draw(
      print, [&] { return compare_figure(comparison, options.shown.min_flow, options.figure.figure()); });
}

Status run_compare(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session a, Session::open(model, options.compute.open(options.prompt.adapter)));
  std::optional<Session> opened;
  if (options.is_other_model()) {
    LIMPID_TRY(opened, Session::open(options.other_model.empty() ? model : options.other_model,
                                     options.compute.open(options.other_adapter)));
  }
  const Session& b = opened ? *opened : a;
  LIMPID_TRY(Explanation run_a, explain(a, prompt, options));
  LIMPID_TRY(Explanation run_b, explain(b, other(prompt, options), options));
  LIMPID_TRY(const Comparison comparison, compare({a.name(), run_a}, {b.name(), run_b},
                                                  {options.shown.threshold, options.shown.renormalize,
                                                   static_cast<size_t>(options.shown.top)}));
  return show(comparison, options);
}

/// Two prompts, of which the last word is the second one; ids and other ids; or one prompt and another model.
void check(Options& options) {
  PromptOptions& prompt = options.prompt;
  if (options.is_other_model()) {
    if (prompt.words.size() > 2 || !options.other_ids.empty())
      throw CLI::ValidationError("--other", "runs the same prompt: expected no second one");
  } else if (prompt.ids.empty() != options.other_ids.empty()) {
    throw CLI::ValidationError("--ids", "expected --other-ids with it, and neither with a second prompt");
  } else if (prompt.ids.empty()) {
    if (prompt.words.size() < 2)
      throw CLI::RequiredError("A second PROMPT, --other MODEL or --other-adapter DIR");
    options.other_prompt = prompt.words.back();
    prompt.words.pop_back();
  }
  prompt.check();
}

void add_other_run(CLI::App& app, Options& options) {
  app.add_option("--other", options.other_model,
                 "Compare with the same prompt in this model, of the same architecture")
      ->option_text("MODEL")
      ->group(kOtherGroup);
  app.add_option("--other-adapter", options.other_adapter,
                 "Compare with the model that this LoRA adapter makes of MODEL (or of --other)")
      ->option_text("DIR")
      ->group(kOtherGroup);
  app.add_option("--other-ids", options.other_ids, "Compare --ids with these token ids")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("N,N,...")
      ->group(kOtherGroup);
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_pair_to(app);
  add_other_run(app, *options);
  app.add_option(
         "--token", options->token,
         "Compare what is predicted after this token: 0 is the first, negative numbers count from the end")
      ->capture_default_str()
      ->group(kRouteGroup);
  options->shown.add_to(app);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->figure.add_to(app);
  options->compute.add_to(app);
  app.parse_complete_callback([o = options.get()] { check(*o); });
  return [options] { return run_compare(*options); };
}

}  // namespace

extern const Verb k_compare;
const Verb k_compare = {
    "compare", "Show how the routes of two prompts, or of two models, differ",
    "limpid compare \"When Mary and John went to the store, John gave a drink to\" \"When Mary and John went "
    "to "
    "the store, Tom gave a drink to\"\n"
    "limpid compare \"The keys near the cabinet\" \"The key near the cabinet\" --svg keys.svg",
    define,
    "Explains one prediction of two runs, A and B, and lays their routes over each other: the next tokens "
    "with "
    "the change in points, and the attention edges that changed most, with their weights in A and B, the "
    "change, "
    "and the shift, which is the change times the flow of the node that the edge leads to. Both prompts must "
    "have "
    "as many tokens, and both models one architecture."};

}  // namespace limpid
