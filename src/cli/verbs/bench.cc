#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/verb.h"

namespace limpid {

namespace {

constexpr const char* kRunsGroup = "Runs";

struct Options {
  std::string model;
  ComputeOptions compute;
  BenchRequest request;
  std::string adapter;
  std::string format;
};

double megabytes(size_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

void print_text(const BenchResult& result) {
  fmt::print("{}, {} threads; load and pack {:.2f} s; weights {:.0f} MB. Seconds, median.\n\n", result.model,
             result.threads, result.load_seconds, megabytes(result.weights.decoded));
  fmt::print(
      "tokens  forward  explain  shares/fwd.    route  full graph  graph/fwd.  "
      "states MB  shares MB  peak MB  full MB   nodes   edges\n");
  for (const BenchRow& r : result.rows) {
    fmt::print(
        "{:>6}  {:>7.3f}  {:>7.3f}  {:>11.2f}  {:>7.4f}  {:>10.3f}  {:>10.2f}  {:>9.0f}  {:>9.1f}  {:>7.0f}  "
        "{:>7.0f}  {:>6}  {:>6}\n",
        r.n_tok, r.forward_seconds, r.explain_seconds,
        std::max(0.0, r.explain_seconds / r.forward_seconds - 1), r.route_seconds, r.contribution_seconds,
        r.contribution_seconds / r.forward_seconds, megabytes(r.trace_bytes), megabytes(r.shares_bytes),
        megabytes(r.explain_peak_bytes), megabytes(r.peak_bytes), r.n_node, r.n_edge);
  }
  fmt::print(
      "\nexplain: prompt to route; shares/fwd.: what it takes beside the forward pass, for shares on "
      "demand.\n"
      "full graph: shares of every layer, position, key and head. peak, full: highest resident memory of\n"
      "the process while explaining, and with the full graph.\n");
}

Status run_bench(const Options& options) {
  options.compute.apply();
  BenchRequest request = options.request;
  request.open = options.compute.open(options.adapter);
  ProgressBar progress;
  LIMPID_TRY(const BenchResult result, bench(options.model, request, progress.control()));
  if (options.format == "json") {
    fmt::print("{}", to_json(result));
  } else {
    print_text(result);
  }
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("model", options->model, kModelText)->option_text("[MODEL]");
  app.add_option("--tokens", options->request.n_tok, "Prompt lengths, separated by commas")
      ->delimiter(',')
      ->option_text("N,N,...")
      ->capture_default_str()
      ->group(kRunsGroup);
  app.add_option("--repeats", options->request.repeats, "Runs per length; the median is shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kRunsGroup);
  add_adapter_option(app, options->adapter);
  add_format_option(app, options->format, {"table", "json"});
  options->compute.add_to(app);
  return [options] { return run_bench(*options); };
}

}  // namespace

extern const Verb k_bench;
const Verb k_bench = {
    "bench", "Measure speed and memory of a model on this machine", "limpid bench --tokens 16,64", define,
    "Runs the model over prompts of several lengths and says how long the forward pass, all "
    "contributions and the route take, and how much memory they need."};

}  // namespace limpid
