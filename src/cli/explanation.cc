#include "cli/explanation.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options.h"
#include "cli/route_drawing.h"
#include "cli/summary.h"
#include "cli/terminal.h"

namespace limpid {

void ExplanationOptions::add_to(CLI::App& app) {
  app.add_option("--threshold", threshold, "Parts of a state at or below this share are dropped")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(kRouteGroup);
  app.add_flag("--renormalize,!--no-renormalize", renormalize,
               "Divide what is left of each state by its sum (default), or keep the shares as they are")
      ->group(kRouteGroup);
  app.add_option("--top", top, "Number of predictions shown")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group(kOutputGroup);
  app.add_option("--min-flow", min_flow, "Draw edges that carry at least this share of the flow")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group(kOutputGroup);
}

std::string draw_explanation(const Session& session, const Explanation& explanation, const Route& route,
                             const ExplanationOptions& options) {
  const Terminal terminal = Terminal::of_stdout();
  const ModelSpec& spec = session.model().spec();
  const auto& tokens = explanation.tokens();
  std::string out =
      fmt::format("{}  {}\n\n", terminal.paint(Ink::kBold, session.name()),
                  terminal.paint(Ink::kMuted, fmt::format("{}, {} layers x {} heads, {} tokens", spec.family,
                                                          spec.n_layer, spec.n_head, tokens.size())));
  out += draw_predictions(explanation.predictions(), terminal) + "\n";
  out +=
      fmt::format("{}  {}\n", terminal.paint(Ink::kBold, "Route"),
                  terminal.paint(Ink::kMuted,
                                 fmt::format("after '{}' @{}: {} nodes, {} edges above {:g}{}",
                                             short_label(tokens[static_cast<size_t>(explanation.position())]),
                                             explanation.position(), route.nodes.size(), route.edges.size(),
                                             route.options.threshold,
                                             route.options.renormalize ? ", renormalised" : "")));
  out += draw_route(route, tokens, terminal, {.min_flow = options.min_flow}) + "\n";
  out +=
      fmt::format("{}   {}   {}   {}\n\n", terminal.paint(Ink::kResidual, "│ residual"),
                  terminal.paint(Ink::kFfn, "◆ with FFN"), terminal.paint(Ink::kAttention, "╭─╯ attention"),
                  terminal.paint(Ink::kError, "○ diffuse: no part above the threshold"));
  return out + strongest_edges(route, tokens, 10, terminal) + "\n" + strongest_heads(route, 6, terminal);
}

}  // namespace limpid
