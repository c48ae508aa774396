#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <map>

#include "api/csv.h"
#include "api/json.h"
#include "cli/inspection_text.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kReadingGroup = "Reading";

const std::map<std::string, Normalize> kNormalize = {
    {"frozen", Normalize::kFrozen}, {"part", Normalize::kPart}, {"none", Normalize::kNone}};

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  InspectRequest request;
  std::string format;
};

Status run_inspect(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  InspectRequest request = options.request;
  request.prompt = prompt;
  ProgressBar progress;
  LIMPID_TRY(const Inspection inspection, session.inspect(request, progress.control()));
  print_warnings(inspection.warnings);
  if (options.format == "json") {
    fmt::print("{}", to_json(inspection));
  } else if (options.format == "csv") {
    fmt::print("{}", to_csv(inspection));
  } else {
    fmt::print("{}", draw_inspection(inspection, Terminal::of_stdout()));
  }
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app, options->request.subject);
  app.add_option(
         "--normalize", options->request.normalize,
         "How parts are read in the vocabulary. frozen: through the final norm with the scale that it "
         "has at this position, so that parts add up to the logit; part: normed alone, as if the part "
         "were a state; none: not normed")
      ->transform(CLI::CheckedTransformer(kNormalize))
      ->option_text("frozen|part|none")
      ->default_str("frozen")
      ->group(kReadingGroup);
  app.add_option("--target", options->request.target,
                 "The token whose logit is looked at, as text or #ID. Without it the one that is predicted")
      ->option_text("TOKEN")
      ->group(kReadingGroup);
  app.add_option("--top", options->request.n_prediction, "Number of predictions of a state")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kOutputGroup);
  app.add_option("--tokens", options->request.n_token,
                 "Number of tokens that a part promotes, and suppresses")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kOutputGroup);
  app.add_option("--neurons", options->request.n_neuron, "Number of neurons of an FFN")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kOutputGroup);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->compute.add_to(app);
  return [options] { return run_inspect(*options); };
}

}  // namespace

extern const Verb k_inspect;
const Verb k_inspect = {
    "inspect", "Show what a node, an edge, a head or a neuron is made of and says",
    "limpid inspect \"When Mary and John went to the store, John gave a drink to\" "
    "head.20.0@-1",
    define,
    "Shows what a state is made of and what it would predict, which tokens a part of it (a "
    "head, a neuron, a block, a bias) promotes and suppresses, and what the part adds to the "
    "logit of a token.\n"
    "NODE is a state (embed@3, mid.5@3, post.5@3: layer 5, token 3), a block (ffn.5@3), a "
    "head (head.5.1@3), a neuron (neuron.5.1023@3), a bias (attention_bias.5@3, "
    "ffn_bias.5@3), the logits (logit@3) or an edge (post.4@1->mid.5@3). Positions may count "
    "from the end: @-1."};

}  // namespace limpid
