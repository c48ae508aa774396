#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>

#include "api/csv.h"
#include "api/json.h"
#include "api/token_choice.h"
#include "cli/figure_file.h"
#include "cli/lens_drawing.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

const std::map<std::string, StateKind> kStates = {
    {"pre", StateKind::kPre}, {"mid", StateKind::kMid}, {"post", StateKind::kPost}};

constexpr const char* kReadingGroup = "Reading";

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  LensRequest request;
  std::vector<std::string> rank_of;
  std::string format;
  FigureFileOptions figure;
};

Status run_lens(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  LensRequest request = options.request;
  request.prompt = prompt;
  for (const std::string& text : options.rank_of) {
    LIMPID_TRY(request.chosen.emplace_back(),
               choose_token(session.vocabulary(), session.model().spec().n_vocab, text, "rank-of"));
  }
  ProgressBar progress;
  LIMPID_TRY(const LensResult result, session.lens(request, progress.control()));
  print_warnings(result.warnings);
  const auto print = [&] {
    if (options.format == "json") {
      fmt::print("{}", to_json(result));
    } else if (options.format == "csv") {
      fmt::print("{}", to_csv(result));
    } else {
      fmt::print("{}", draw_lens(result, Terminal::of_stdout()));
    }
  };
  return options.figure.print_and_draw(print, [&] { return lens_figure(result, options.figure.figure()); });
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option(
         "--state", options->request.state,
         "The state of each layer that is read: pre, the one it starts from; mid, after attention; post, "
         "after the FFN")
      ->transform(CLI::CheckedTransformer(kStates))
      ->option_text("pre|mid|post")
      ->default_str("post")
      ->group(kReadingGroup);
  app.add_option(
         "--token", options->request.positions,
         "Only these positions, separated by commas; negative: from the end. One position shows more of "
         "it")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("N,N,...")
      ->group(kReadingGroup);
  app.add_option("--top", options->request.n_predictions, "Number of tokens in each cell")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kOutputGroup);
  app.add_option(
         "--rank-of", options->rank_of,
         "Also tell the rank of this token, as text or #ID; may be repeated. The grid shows that of the "
         "first")
      ->option_text("TOKEN")
      ->allow_extra_args(false)
      ->group(kReadingGroup);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->figure.add_to(app);
  options->compute.add_to(app);
  return [options] { return run_lens(*options); };
}

}  // namespace

extern const Verb k_lens;
const Verb k_lens = {
    "lens", "Show what each state would predict, at every position and layer",
    "limpid lens \"When Mary and John went to the store, John gave a drink to\" "
    "--token -1 --rank-of \" Mary\"",
    define,
    "Reads states of the residual stream as if they were the last one (the logit lens): for every "
    "layer and token, the most probable next tokens and their probabilities. docs/method.md says "
    "how vectors are read in the vocabulary."};

}  // namespace limpid
