#include "cli/patch_text.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/token_text.h"
#include "cli/cause_options.h"

namespace limpid {

namespace {

constexpr size_t kMaxDirect = 12;

std::string prediction_text(const NamedPrediction& p) {
  return fmt::format("{} {:>6.2f}% {:>8.3f}", fit(fmt::format("'{}'", mark_blanks(p.piece.text)), 16),
                     100 * p.prediction.probability, static_cast<double>(p.prediction.logit));
}

std::string draw_direct(const PatchResult& result, const Terminal& terminal) {
  std::string out = terminal.paint(Ink::kBold, "Direct effects that changed") +
                    terminal.paint(Ink::kMuted, fmt::format("  (of {})", result.direct.size())) + "\n" +
                    terminal.paint(Ink::kMuted, "part               before     after    change") + "\n";
  for (size_t i = 0; i < std::min(result.direct.size(), kMaxDirect); ++i) {
    const DirectChange& c = result.direct[i];
    out += fmt::format("{} {:>+8.3f}  {:>+8.3f}  {}\n", fit(c.subject, 16), c.before, c.after,
                       paint_signed(terminal, c.after - c.before, 8, 3));
  }
  return out;
}

/// The change in two, and whether the one makes up for the other.
std::string change_text(const PatchResult& result, const Terminal& terminal) {
  if (!result.direct_change) return "";
  const double direct = *result.direct_change, rest = result.after - result.before - direct;
  const bool opposed = direct * rest < 0;
  return fmt::format("  of that directly {}, through other parts {}{}\n",
                     paint_signed(terminal, direct, 0, 4), paint_signed(terminal, rest, 0, 4),
                     opposed ? ", which work against it" : "");
}

}  // namespace

std::string draw_patch(const PatchResult& result, const Terminal& terminal) {
  std::string out =
      fmt::format("{}  {}\n\n", terminal.paint(Ink::kBold, result.model),
                  terminal.paint(Ink::kMuted, fmt::format("{}", fmt::join(result.replace, ", "))));
  out += fmt::format("{}\n  before {:.4f}   after {:.4f}   change {}", metric_text(result.metric),
                     result.before, result.after, paint_signed(terminal, result.after - result.before, 0, 4));
  if (result.against) out += fmt::format("   other prompt {:.4f}", *result.against);
  out += "\n" + change_text(result, terminal);
  out += fmt::format("  divergence of the predictions {:.4f} nats\n", result.divergence);
  out += "\n" + terminal.paint(Ink::kBold, fit("Next token before", 38)) +
         terminal.paint(Ink::kBold, "after") + "\n";
  const size_t n = std::max(result.predictions_before.size(), result.predictions_after.size());
  for (size_t i = 0; i < n; ++i) {
    const auto at = [i](const auto& list) { return i < list.size() ? prediction_text(list[i]) : ""; };
    out += fit(at(result.predictions_before), 38) + at(result.predictions_after) + "\n";
  }
  if (!result.direct.empty()) out += "\n" + draw_direct(result, terminal);
  return out;
}

}  // namespace limpid
