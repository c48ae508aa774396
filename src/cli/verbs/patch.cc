#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/cause_options.h"
#include "cli/options.h"
#include "cli/patch_text.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  CauseOptions cause;
  PatchRequest request;
  std::string format;
};

Status run_patch(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  PatchRequest request = options.request;
  request.prompt = prompt;
  request.against = options.cause.other(prompt);
  request.token = options.cause.token;
  request.metric = options.cause.request();
  ProgressBar progress;
  LIMPID_TRY(const Patched patched, session.patch(request, progress.control()));
  print_warnings(patched.result.warnings);
  fmt::print("{}", options.format == "json" ? to_json(patched.result)
                                            : draw_patch(patched.result, Terminal::of_stdout()));
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option(
         "--replace", options->request.replace,
         "What is replaced, as COMPONENT=VALUE; repeat it, or separate several by commas. Components: "
         "head.5.1@3 attention.5@3 ffn.5@3 neuron.5.1023@3 embed@3 mid.5@3 post.5@3, without @3 at every "
         "token; head.5.1@13<-3: the attention that token 13 pays to token 3. Values: zero (or "
         "nothing), mean, counterfactual, or a number it is multiplied with")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->required()
      ->option_text("COMPONENT=VALUE,...")
      ->group("Interventions");
  options->cause.add_to(app);
  app.add_option("--top", options->request.n_predictions, "Number of predictions listed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kOutputGroup);
  add_format_option(app, options->format, {"table", "json"});
  options->compute.add_to(app);
  return [options] { return run_patch(*options); };
}

}  // namespace

extern const Verb k_patch;
const Verb k_patch = {
    "patch", "Turn components off, or give them values of another run, and see what is predicted",
    "limpid patch \"When Mary and John went to the store, John gave a drink to\" --replace "
    "head.29.1,head.1.5 "
    "--target \" Mary\" --versus \" John\"\n"
    "limpid patch \"When Mary and John went to the store, John gave a drink to\" --replace "
    "post.12@9=counterfactual "
    "--against \"When Mary and John went to the store, Mary gave a drink to\" --target \" Mary\" --versus \" "
    "John\"",
    define,
    "Runs the prompt as it is and with the interventions, and puts the predictions side by side. Parts whose "
    "direct effect on the metric changed show what made up for what was removed (self-repair). "
    "docs/interventions.md says what is replaced exactly."};

}  // namespace limpid
