#include "api/verify.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kReferenceGroup = "Reference";

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  std::string reference;
  std::string format;
};

std::string or_nothing(int n) {
  return n < 0 ? "" : fmt::format("{}", n);
}

void print_text(const VerifyResult& result) {
  const Terminal terminal = Terminal::of_stdout();
  fmt::print(
      "{}  {}\n\n", terminal.paint(Ink::kBold, result.model),
      terminal.paint(Ink::kMuted, fmt::format("{} layers, {} tokens", result.n_layer, result.ids.size())));
  fmt::print("{}\n", terminal.paint(Ink::kMuted, fmt::format("{:<43}{:>8}{:>9}{:>6}{:>6}", "check", "worst",
                                                             "allowed", "layer", "token")));
  for (const Check& check : result.checks) {
    fmt::print("{:<43}{:>8.2g}{:>9.2g}{:>6}{:>6}  {}\n", check.description, check.worst, check.tolerance,
               or_nothing(check.layer), or_nothing(check.position),
               check.ok() ? "ok" : terminal.paint(Ink::kError, "FAILED"));
  }
}

Status run_verify(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  ProgressBar progress;
  LIMPID_TRY(const VerifyResult result,
             verify(session, {prompt, options.prompt.is_empty(), options.reference}, progress.control()));
  print_warnings(result.warnings);
  if (options.format == "json") {
    fmt::print("{}", to_json(result));
  } else {
    print_text(result);
  }
  if (result.n_failed() == 0) return {};
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("{}: {} of {} checks failed", result.model, result.n_failed(), result.checks.size()),
      options.reference.empty()
          ? "please report this, with what `limpid info` says of the model"
          : "if only comparisons failed: is the reference of the same weights, and in float32?");
}

/// What to run comes from one place.
void check(Options& options) {
  if (!options.reference.empty()) options.prompt.expect_model_only("--reference");
  options.prompt.check();
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app, Prompting::kOptional);
  app.add_option(
         "--reference", options->reference,
         "A safetensors file as `trace` writes it: `ids`, which are run, and any other tensors, which the "
         "run is compared with")
      ->option_text("FILE")
      ->group(kReferenceGroup);
  add_format_option(app, options->format, {"table", "json"});
  options->compute.add_to(app);
  app.parse_complete_callback([o = options.get()] { check(*o); });
  return [options] { return run_verify(*options); };
}

}  // namespace

extern const Verb k_verify;
const Verb k_verify = {
    "verify", "Check that a run adds up, or agrees with a reference", "limpid verify", define,
    "Runs the model over a prompt, or a sample text without one, and checks what must be true "
    "of every run: states are the sums of their parts, attention is a distribution, shares "
    "sum to 1. With a reference it also checks that the run agrees with another "
    "implementation's. docs/method.md says what may differ by how much. Exit code 1 when a "
    "check fails."};

}  // namespace limpid
