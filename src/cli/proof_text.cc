#include "cli/proof_text.h"

#include <fmt/format.h>

#include "cli/cause_options.h"

namespace limpid {

namespace {

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.0f}%", 100 * *share) : "none";
}

}  // namespace

std::string draw_proof(const RouteProof& proof, const Terminal& terminal) {
  std::string out =
      terminal.paint(Ink::kBold, "Verified") +
      terminal.paint(Ink::kMuted, fmt::format("  by replacing what is not on the route: {}\n", proof.value));
  out += fmt::format("{}\n", metric_text(proof.metric));
  out += fmt::format("  all components   {:>9.4f}\n", proof.full);
  out += fmt::format(
      "  the route only   {:>9.4f}   faithfulness {} ({} of {} heads and FFNs at single tokens)\n",
      proof.kept, percent(proof.faithfulness), proof.n_kept, proof.n_component);
  out +=
      fmt::format("  all but the route{:>9.4f}   left without it {}\n", proof.removed, percent(proof.left));
  out += fmt::format("  no component     {:>9.4f}\n", proof.empty);
  if (proof.weakest.empty()) return out;
  out += terminal.paint(Ink::kMuted, "weakest of the route     flow   lost without it") + "\n";
  for (const RouteComponent& component : proof.weakest) {
    out += fmt::format("  {} {:>8.4f}   {}\n", fit(component.subject, 18), component.flow,
                       paint_signed(terminal, component.effect, 8, 4));
  }
  return out;
}

}  // namespace limpid
