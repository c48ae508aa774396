#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

#include "api/csv.h"
#include "api/json.h"
#include "cli/cause_options.h"
#include "cli/figure_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/sweep_drawing.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kSweepGroup = "Interventions";

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  CauseOptions cause;
  SweepRequest request;
  std::vector<std::string> over;
  size_t top = 15;
  std::string format;
  FigureFileOptions figure;
};

SweepOver over_of(const std::string& text) {
  return *std::ranges::find(kSweepOver, text, [](SweepOver over) { return std::string(name(over)); });
}

Status run_sweep(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  SweepRequest request = options.request;
  request.prompt = prompt;
  request.against = options.cause.other(prompt);
  request.token = options.cause.token;
  request.metric = options.cause.request();
  if (!options.over.empty()) request.over.clear();
  for (const std::string& over : options.over) request.over.push_back(over_of(over));
  ProgressBar progress;
  LIMPID_TRY(const SweepResult result, session.sweep(request, progress.control()));
  print_warnings(result.warnings);
  const auto print = [&] {
    if (options.format == "table") {
      fmt::print("{}", draw_sweep(result, options.top, Terminal::of_stdout()));
    } else {
      fmt::print("{}", options.format == "json" ? to_json(result) : to_csv(result));
    }
  };
  return options.figure.print_and_draw(print, [&] { return sweep_figure(result, options.figure.figure()); });
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  options->cause.add_to(app);
  std::vector<std::string> kinds;
  kinds.reserve(kSweepOver.size());
  for (const SweepOver over : kSweepOver) kinds.emplace_back(name(over));
  app.add_option("--over", options->over,
                 "What is replaced, one after the other: heads, ffns, embed, mid, post")
      ->check(CLI::IsMember(kinds))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("KIND,...")
      ->default_str("heads,ffns")
      ->group(kSweepGroup);
  app.add_option(
         "--value", options->request.value,
         "What it is replaced by: zero, mean, counterfactual, or a number it is multiplied with. Without "
         "it counterfactual where --against is given, else zero")
      ->option_text("VALUE")
      ->group(kSweepGroup);
  app.add_flag("--each-token", options->request.each_position,
               "Replace heads and FFNs at one token at a time; states always are")
      ->group(kSweepGroup);
  app.add_flag("--denoise", options->request.denoise,
               "Put values of this prompt's run into the run of --against, instead of the other way round")
      ->group(kSweepGroup);
  app.add_option("--top", options->top, "Number of components listed")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(kOutputGroup);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->figure.add_to(app);
  options->compute.add_to(app);
  return [options] { return run_sweep(*options); };
}

}  // namespace

extern const Verb k_sweep;
const Verb k_sweep = {
    "sweep", "Replace every head and FFN, one after the other, and see what it does to a prediction",
    "limpid sweep \"When Mary and John went to the store, John gave a drink to\" --target \" Mary\" --versus "
    "\" John\"\n"
    "limpid sweep \"When Mary and John went to the store, John gave a drink to\" --target \" Mary\" --versus "
    "\" John\" --against \"When Mary and John went to the store, Mary gave a drink to\" --over post",
    define,
    "Runs the prompt once for each component with only that one replaced: turned off, or given the value "
    "that it "
    "has in the run of another prompt (activation patching). The effect is how much the metric changes. "
    "docs/interventions.md says what is replaced exactly."};

}  // namespace limpid
