#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

#include "api/csv.h"
#include "api/json.h"
#include "cli/heads_drawing.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

constexpr const char* kSamplesGroup = "Samples";
constexpr size_t kTopOfRole = 5;

struct Options {
  std::string model;
  std::string adapter;
  ComputeOptions compute;
  HeadsRequest request;
  std::string role;
  size_t top = 0;  // 0: kTopOfRole of each role, or all heads of one role
  std::string format;
};

/// Index into result.roles.
Result<size_t> find_role(const HeadsResult& result, std::string_view role) {
  const auto found =
      std::ranges::find(result.roles, role, [](HeadRole r) { return std::string_view(name(r)); });
  if (found != result.roles.end()) return static_cast<size_t>(found - result.roles.begin());
  return fail(ErrorCode::kUnsupported,
              fmt::format("heads: the role '{}' could not be measured on {}", role, result.model));
}

Status print_text(const HeadsResult& result, const Options& options) {
  const Terminal terminal = Terminal::of_stdout();
  fmt::print("{}  {}\n\n", terminal.paint(Ink::kBold, result.model),
             terminal.paint(Ink::kMuted,
                            fmt::format("{} layers x {} heads; {} random tokens twice, {} sample{}",
                                        result.n_layer, result.n_head, result.request.length,
                                        result.request.samples, result.request.samples == 1 ? "" : "s")));
  if (!options.role.empty()) {
    LIMPID_TRY(const size_t role, find_role(result, options.role));
    fmt::print("{}",
               role_table(result, role, options.top == 0 ? result.heads.size() : options.top, terminal));
    return {};
  }
  for (size_t role = 0; role < result.roles.size(); ++role) {
    fmt::print("{}\n", role_table(result, role, options.top == 0 ? kTopOfRole : options.top, terminal));
  }
  fmt::print("{}", role_grid(result, terminal));
  return {};
}

Status run_heads(const Options& options) {
  options.compute.apply();
  LIMPID_TRY(const Session session, Session::open(options.model, options.compute.open(options.adapter)));
  ProgressBar progress;
  LIMPID_TRY(const HeadsResult result, session.heads(options.request, progress.control()));
  print_warnings(result.warnings);
  if (options.format == "table") return print_text(result, options);
  fmt::print("{}", options.format == "json" ? to_json(result) : to_csv(result));
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  std::vector<std::string> roles;
  roles.reserve(kHeadRoles.size());
  for (const HeadRole role : kHeadRoles) roles.emplace_back(name(role));
  app.add_option("model", options->model, kModelText)->option_text("[MODEL]");
  app.add_option("--role", options->role, "Show all heads of one role")
      ->check(CLI::IsMember(roles))
      ->group(kOutputGroup);
  app.add_option("--top", options->top,
                 "Number of heads listed for each role; without it 5, or with --role all")
      ->check(CLI::Range(1, 100000))
      ->group(kOutputGroup);
  app.add_option("--length", options->request.length, "Number of random tokens, which then come once more")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str()
      ->group(kSamplesGroup);
  app.add_option("--samples", options->request.samples, "Number of sequences of random tokens, and of texts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kSamplesGroup);
  add_seed_option(app, options->request.seed, "Of the random tokens and words", kSamplesGroup);
  add_adapter_option(app, options->adapter);
  add_format_option(app, options->format, {"table", "json", "csv"});
  options->compute.add_to(app);
  return [options] { return run_heads(*options); };
}

}  // namespace

extern const Verb k_heads;
const Verb k_heads = {
    "heads", "Find heads of known roles: induction, previous token and others",
    "limpid heads --role induction --top 10", define,
    "Runs random tokens that come twice, and texts of long words, and scores from 0 to 1 how "
    "much of each head's attention goes where a head of each role looks. Beside it stands what "
    "that attention contributes. docs/heads.md has the formulas."};

}  // namespace limpid
