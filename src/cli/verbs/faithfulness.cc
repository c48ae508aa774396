#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "api/csv.h"
#include "api/examples.h"
#include "api/json.h"
#include "cli/line_reader.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr size_t kMaxExamples = 100'000;

struct Options {
  std::string model;
  std::string adapter;
  std::string examples;
  ComputeOptions compute;
  FaithfulnessRequest request;
  size_t limit = kMaxExamples;
  size_t top = 10;
  std::string format;
};

Result<std::vector<FaithfulnessExample>> read_examples(const std::string& path, size_t limit) {
  LIMPID_TRY(LineReader lines, LineReader::open(path, kMaxExampleLine));
  std::vector<FaithfulnessExample> examples;
  while (examples.size() < limit) {
    LIMPID_TRY(const bool more, lines.next());
    if (!more) break;
    auto example = parse_example(lines.text());
    if (!example) {
      Error error = example.error();
      error.message = fmt::format("{}:{}: {}", lines.name(), lines.number(), error.message);
      return tl::unexpected(std::move(error));
    }
    examples.push_back(std::move(*example));
  }
  return examples;
}

std::string draw_table(const FaithfulnessResult& result, const Terminal& terminal) {
  std::string out = fmt::format(
      "{}  {}\n\n", terminal.paint(Ink::kBold, result.model),
      terminal.paint(
          Ink::kMuted,
          fmt::format("{} components; {} prompts score, {} evaluate, {} left out as wrong",
                      result.components.size(), result.n_scoring, result.n_evaluating, result.n_wrong)));
  out += fmt::format("metric of the evaluated prompts {:.3f}, of their counterfactuals {:.3f}\n\n",
                     result.clean, result.counterfactual);
  out += terminal.paint(Ink::kMuted, "ranking           CPR     CMD  Spearman   f at 5%   at 10%   at 20%") +
         "\n";
  const auto at = [&](const std::vector<double>& f, double fraction) {
    return f[static_cast<size_t>(std::ranges::find(result.fractions, fraction) - result.fractions.begin())];
  };
  for (const FaithfulnessCurve& curve : result.curves) {
    out += fmt::format("{} {:>6.2f}  {:>6.2f}  {:>8.2f}  {:>8.2f} {:>8.2f} {:>8.2f}\n",
                       fit(name(curve.ranking), 14), curve.cpr, curve.cmd, curve.spearman,
                       at(curve.by_size, 0.05), at(curve.by_size, 0.1), at(curve.by_size, 0.2));
  }
  return out +
         terminal.paint(Ink::kMuted,
                        "f: what of the metric is left when only the best components keep their values\n"
                        "CPR: integral of f, components by score; higher is better\n"
                        "CMD: integral of |1 - f|, by size of score; lower is better\n");
}

/// The first components of each ranking, side by side.
std::string draw_top(const FaithfulnessResult& result, size_t count, const Terminal& terminal) {
  constexpr int kColumn = 11;
  std::vector<std::vector<size_t>> orders;
  std::string out;
  for (const FaithfulnessCurve& curve : result.curves) {
    if (curve.ranking == Ranking::kRandom) continue;
    std::vector<size_t>& order = orders.emplace_back(curve.scores.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, std::ranges::greater(),
                             [&](size_t i) { return std::abs(curve.scores[i]); });
    out += fit(name(curve.ranking), kColumn) + " ";
  }
  out = "\n" + terminal.paint(Ink::kMuted, out) + "\n";
  for (size_t i = 0; i < std::min(count, result.components.size()); ++i) {
    for (const std::vector<size_t>& order : orders) out += fit(result.components[order[i]], kColumn) + " ";
    out += "\n";
  }
  return out;
}

Status run_faithfulness(const Options& options) {
  options.compute.apply();
  FaithfulnessRequest request = options.request;
  LIMPID_TRY(request.examples, read_examples(options.examples, options.limit));
  LIMPID_TRY(const Session session, Session::open(options.model, options.compute.open(options.adapter)));
  ProgressBar progress;
  LIMPID_TRY(const FaithfulnessResult result, session.faithfulness(request, progress.control()));
  print_warnings(result.warnings);
  if (options.format == "table") {
    const Terminal terminal = Terminal::of_stdout();
    fmt::print("{}{}", draw_table(result, terminal), draw_top(result, options.top, terminal));
  } else {
    fmt::print("{}", options.format == "json" ? to_json(result) : to_csv(result));
  }
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, kModelText)->option_text("[MODEL]");
  app.add_option(
         "--examples", options->examples,
         "Lines of JSON with a prompt, its counterfactual, target and versus, as `limpid dataset` writes "
         "them; -: standard input")
      ->required()
      ->option_text("FILE")
      ->group(kPromptGroup);
  app.add_option("--limit", options->limit, "Take only so many of them")
      ->check(CLI::Range(size_t{2}, kMaxExamples))
      ->group(kPromptGroup);
  app.add_option("--seed", options->request.seed,
                 "Of the random ranking, and of which examples score and which evaluate")
      ->capture_default_str()
      ->group(kPromptGroup);
  app.add_option("--top", options->top, "Number of components listed of each ranking")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str()
      ->group(kOutputGroup);
  add_adapter_option(app, options->adapter);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->compute.add_to(app);
  return [options] { return run_faithfulness(*options); };
}

}  // namespace

extern const Verb k_faithfulness;
const Verb k_faithfulness = {
    "faithfulness", "Hold rankings of heads and FFNs against what happens when all else is replaced",
    "limpid dataset indirect-object --count 4 --check | limpid faithfulness --examples -", define,
    "Scores every head and FFN on one half of the examples, by shares, by target-aware scores, by direct "
    "effects, by replacing one at a time, and at random. On the other half only the best ones keep their "
    "values, "
    "all others take those of the counterfactual prompt, and what is left of the metric says how good the "
    "ranking "
    "is. docs/faithfulness.md has the formulas and results."};

}  // namespace limpid
