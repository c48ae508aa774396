#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/csv.h"
#include "api/json.h"
#include "api/words.h"
#include "cli/attention_drawing.h"
#include "cli/figure_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kHeadsGroup = "Heads";

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  std::vector<std::string> heads;
  std::vector<int> layers;
  std::string format;
  size_t top = 20;
  FigureFileOptions figure;
};

/// Throws what CLI11 reports as wrong usage.
HeadId head_option(const std::string& text) {
  if (const auto id = parse_head(text)) return *id;
  throw CLI::ValidationError("--head", fmt::format("expected LAYER.HEAD as in 5.1, found '{}'", text));
}

AttentionRequest request_of(const Options& options, Prompt prompt) {
  AttentionRequest request{.prompt = std::move(prompt), .layers = options.layers};
  for (const std::string& head : options.heads) request.heads.push_back(head_option(head));
  return request;
}

void print_text(const AttentionResult& result, const Options& options) {
  const Terminal terminal = Terminal::of_stdout();
  const std::string what = result.heads.size() == 1
                               ? fmt::format("head {}.{}", result.heads[0].id.layer, result.heads[0].id.head)
                               : fmt::format("{} heads", result.heads.size());
  fmt::print("{}  {}\n\n", terminal.paint(Ink::kBold, result.model),
             terminal.paint(Ink::kMuted, fmt::format("{}, {} tokens", what, result.n_tok())));
  if (result.heads.size() > 1) {
    const std::string maps = small_maps(result, terminal);
    fmt::print("{}{}{}", maps, maps.empty() ? "" : "\n", heads_table(result, options.top, terminal));
    fmt::print("{}", terminal.paint(Ink::kMuted, "--head L.H draws the maps of one head\n"));
    return;
  }
  const HeadMap& map = result.heads.front();
  fmt::print("{}\n{}\n", draw_maps(map, result.tokens, terminal),
             strongest_pairs(map, result.tokens, options.top, terminal));
  fmt::print(
      "Mean over queries: attention on the first token {:.3f}, its contribution {:.4f};\n"
      "contribution of all keys {:.4f}\n",
      map.summary.first, map.summary.first_contribution, map.summary.contribution);
}

Status run_attention(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  ProgressBar progress;
  LIMPID_TRY(const AttentionResult result,
             session.attention(request_of(options, prompt), progress.control()));
  print_warnings(result.warnings);
  const auto print = [&] {
    if (options.format == "json") {
      fmt::print("{}", to_json(result));
    } else if (options.format == "csv") {
      fmt::print("{}", to_csv(result));
    } else {
      print_text(result, options);
    }
  };
  return options.figure.print_and_draw(print,
                                       [&] { return attention_figure(result, options.figure.figure()); });
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option("--head", options->heads, "Heads as LAYER.HEAD, separated by commas; one is drawn as maps")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("L.H")
      ->group(kHeadsGroup);
  app.add_option("--layer", options->layers, "All heads of these layers, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->option_text("L")
      ->group(kHeadsGroup);
  app.add_option("--top", options->top, "Number of heads, or of one head's pairs, that are listed")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str()
      ->group(kOutputGroup);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->figure.add_to(app);
  options->compute.add_to(app);
  app.parse_complete_callback([o = options.get()] {
    o->prompt.check();
    request_of(*o, {});
  });
  return [options] { return run_attention(*options); };
}

}  // namespace

extern const Verb k_attention;
const Verb k_attention = {
    "attention", "Show what heads attend to, and what that contributes",
    "limpid attention --head 23.7 \"When Mary and John went to the store, John gave a drink to\"", define,
    "One head is drawn as two maps: its attention, and what each pair of tokens contributes to the state "
    "of the query. The two differ: a head often attends to the first token and takes nothing from it. "
    "Several heads are listed by their contribution. docs/attention.md explains an example."};

}  // namespace limpid
