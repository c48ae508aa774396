#include "api/dataset.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kPromptsGroup = "Prompts";
constexpr std::array kNameChanges = {std::pair("subject", NameChange::kSubject),
                                     std::pair("names", NameChange::kNames),
                                     std::pair("flip", NameChange::kFlip)};

struct Options {
  std::string kind;
  std::string model;
  std::string adapter;
  std::string change;
  std::string out;
  ComputeOptions compute;
  DatasetRequest request;
};

Result<DatasetResult> make(const Options& options) {
  if (!options.request.check) {
    LIMPID_TRY(const Vocabulary vocabulary, Vocabulary::open(options.model, options.adapter));
    return make_dataset(vocabulary, options.request);
  }
  options.compute.apply();
  LIMPID_TRY(const Session session, Session::open(options.model, options.compute.open(options.adapter)));
  ProgressBar progress;
  return session.dataset(options.request, progress.control());
}

Status run_dataset(const Options& options) {
  LIMPID_TRY(const DatasetResult result, make(options));
  print_warnings(result.warnings);
  if (options.request.check) {
    fmt::print(stderr, "limpid: {} of {} prompts answered right\n", result.examples.size(), result.n_run);
  }
  std::string lines;
  for (const DatasetExample& example : result.examples) lines += to_json(options.request.kind, example);
  if (!options.out.empty()) return write_output_file(options.out, lines);
  fmt::print("{}", lines);
  return {};
}

/// Options of one kind are wrong usage with another.
void check(const CLI::App& app, Options& options) {
  options.request.kind =
      *std::ranges::find(kDatasetKinds, options.kind, [](DatasetKind k) { return std::string(name(k)); });
  const auto only_of = [&](const char* option, DatasetKind kind) {
    if (app.count(option) > 0 && options.request.kind != kind)
      throw CLI::ValidationError(option,
                                 fmt::format("expected it with {}, found {}", name(kind), options.kind));
  };
  only_of("--counterfactual", DatasetKind::kIndirectObject);
  only_of("--length", DatasetKind::kInduction);
  for (const auto& [name, change] : kNameChanges) {
    if (options.change == name) options.request.change = change;
  }
}

void add_prompt_options(CLI::App& app, Options& options) {
  DatasetRequest& request = options.request;
  app.add_option("--count", request.count, "Number of prompts")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(kPromptsGroup);
  add_seed_option(app, request.seed, "The same seed draws the same prompts", kPromptsGroup);
  app.add_option("--template", request.templates,
                 "Only of these templates, numbered from 1 (docs/datasets.md)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("N,N,...")
      ->group(kPromptsGroup);
  app.add_option("--variant", request.variant,
                 "Only of this form: ABBA or BABA of indirect-object (who receives comes first, or second), "
                 "singular or plural of agreement")
      ->option_text("NAME")
      ->group(kPromptsGroup);
  app.add_option(
         "--counterfactual", options.change,
         "What that of indirect-object changes: the second mention of the subject to a third name; all "
         "names to others; or that mention to the other name, so that the answers swap")
      ->check(CLI::IsMember({"subject", "names", "flip"}))
      ->default_val("subject")
      ->group(kPromptsGroup);
  app.add_option("--length", request.length, "Of induction: random tokens before the last one")
      ->check(CLI::Range(3, 4096))
      ->capture_default_str()
      ->group(kPromptsGroup);
  app.add_flag("--check", request.check,
               "Run the model, and keep only prompts that it answers right: the targets get more probability "
               "than the versuses")
      ->group(kPromptsGroup);
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  std::vector<std::string> kinds;
  kinds.reserve(kDatasetKinds.size());
  for (const DatasetKind kind : kDatasetKinds) kinds.emplace_back(name(kind));
  app.add_option("KIND", options->kind, "KIND is indirect-object, greater-than, induction or agreement.")
      ->check(CLI::IsMember(kinds))
      ->required();
  app.add_option("model", options->model, kModelText)->option_text("[MODEL]");
  add_prompt_options(app, *options);
  app.add_option("--out", options->out, "Where the lines go instead of standard output")
      ->option_text("FILE")
      ->group(kOutputGroup);
  add_adapter_option(app, options->adapter);
  options->compute.add_to(app);
  app.parse_complete_callback([&app, o = options.get()] { check(app, *o); });
  return [options] { return run_dataset(*options); };
}

}  // namespace

extern const Verb k_dataset;
const Verb k_dataset = {
    "dataset", "Write prompts whose answer is known, each with a counterfactual",
    "limpid dataset indirect-object --count 10\n"
    "limpid dataset greater-than --check --count 20 --out years.jsonl",
    define,
    "Writes a line of JSON for each prompt: the right next token and a wrong one, and a counterfactual "
    "of as many tokens. Only the tokenizer of MODEL is read, unless --check is given. docs/datasets.md has "
    "the "
    "templates and their sources."};

}  // namespace limpid
