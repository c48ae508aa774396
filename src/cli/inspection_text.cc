#include "cli/inspection_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "base/token_text.h"
#include "cli/route_drawing.h"

namespace limpid {

namespace {

constexpr size_t kMostRows = 20;  // of a list whose length the user did not choose
constexpr int kBar = 20;

/// A bar for a fraction of the longest one; empty below half a cell.
std::string bar(double fraction) {
  std::string out;
  for (int i = 0; i < static_cast<int>(std::lround(fraction * kBar)); ++i) out += "█";
  return out;
}

class Drawing {
 public:
  Drawing(const Inspection& inspection, const Terminal& terminal) : x_(inspection), terminal_(terminal) {}

  std::string text() && {
    head();
    state();
    part();
    heads();
    keys();
    neurons();
    vocabulary();
    logit();
    return std::move(out_);
  }

 private:
  /// Without the blanks that an empty last column leaves.
  template <class... T>
  void line(fmt::format_string<T...> format, T&&... values) {
    out_ += fmt::format(format, std::forward<T>(values)...);
    out_.erase(out_.find_last_not_of(' ') + 1);
    out_ += "\n";
  }
  void title(std::string_view text, std::string_view columns = "") {
    line("\n{}{}", terminal_.paint(Ink::kBold, text), terminal_.paint(Ink::kMuted, columns));
  }
  void more(size_t total, std::string_view what) {
    if (total > kMostRows)
      line("  {}", terminal_.paint(Ink::kMuted, fmt::format("and {} more {}", total - kMostRows, what)));
  }
  std::string token(int position) const {
    return fmt::format("{} @{}", short_label(x_.tokens[static_cast<size_t>(position)]), position);
  }
  /// The token that a node, or the end of an edge, stands at.
  std::string place() const {
    const std::string_view digits = std::string_view(x_.subject).substr(x_.subject.rfind('@') + 1);
    int position = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), position);
    return short_label(x_.tokens[static_cast<size_t>(position)]);
  }

  void head() {
    line("{}  {}", terminal_.paint(Ink::kBold, x_.subject),
         terminal_.paint(Ink::kMuted, fmt::format("{} at '{}', {}", x_.kind, place(), x_.model)));
  }

  void state() {
    if (x_.predictions.empty()) return;
    title("Would predict", "         probability    logit  rank  was");
    for (const RankedPrediction& p : x_.predictions) {
      const std::string was = !p.rank_below             ? ""
                              : *p.rank_below == p.rank ? "="
                                                        : fmt::format("{}", *p.rank_below + 1);
      line("  {} {:>11.4f} {:>8.3f} {:>5} {:>4}  {}", fit(mark_blanks(p.token.piece.text), 20),
           p.token.prediction.probability, p.token.prediction.logit, p.rank + 1, was,
           terminal_.paint(Ink::kProbability, bar(p.token.prediction.probability)));
    }
    line("  {}",
         terminal_.paint(Ink::kMuted, fmt::format("entropy {:.3f} nats; `was`: the rank in the state below",
                                                  *x_.entropy)));
    parts();
  }

  void parts() {
    if (x_.parts.empty()) return;
    title("Made of", "                     share  heads");
    for (size_t i = 0; i < std::min(kMostRows, x_.parts.size()); ++i) {
      const StatePart& p = x_.parts[i];
      std::string heads;
      for (size_t h = 0; h < std::min<size_t>(3, p.heads.size()) && p.heads[h].weight > 0; ++h) {
        heads += fmt::format("{}{} ({:.3f})", h == 0 ? "" : ", ", p.heads[h].head, p.heads[h].weight);
      }
      const std::string from = p.subject.substr(0, p.subject.find("->"));
      const Ink ink = p.kind == EdgeKind::kAttention ? Ink::kAttention
                      : p.kind == EdgeKind::kFfnOut  ? Ink::kFfn
                                                     : Ink::kResidual;
      line("  {} {} {:>6.4f}  {}", terminal_.paint(ink, fit(name(p.kind), 10)), fit(from, 14), p.share,
           heads);
    }
    more(x_.parts.size(), "parts, smaller ones");
    if (x_.bias_share && *x_.bias_share > 0)
      line("  {} {:>6.4f}  {}", fit("bias", 25), *x_.bias_share,
           terminal_.paint(Ink::kMuted, "outside the sum"));
  }

  void part() {
    if (!x_.reading) return;
    out_ += "\n";
    if (x_.share) line("  share of {} {:.4f}", fit(x_.part_of, 12), *x_.share);
    if (x_.residual_share) line("  the residual's share {:.4f}, beside the heads'", *x_.residual_share);
    if (x_.activation) line("  activation {:.4f}", *x_.activation);
    if (x_.adds_to_target) {
      line("  adds {:+.4f} to the logit of '{}', which is {:.3f} ({})", *x_.adds_to_target,
           mark_blanks(x_.target->piece.text), x_.target->prediction.logit,
           percent(x_.target->prediction.probability));
    }
  }
  static std::string percent(double p) { return fmt::format("{:.1f} %", 100 * p); }

  void heads() {
    if (x_.heads.empty()) return;
    title("Heads", "   share  attention");
    for (const HeadPart& h : x_.heads) {
      line("  {:>4}  {:>6.4f}     {:>6.4f}  {}", h.head, h.share, h.attention,
           terminal_.paint(Ink::kAttention, bar(h.share / std::max(1e-9f, x_.heads.front().share))));
    }
  }

  void keys() {
    if (x_.keys.empty()) return;
    std::vector<HeadKey> keys = x_.keys;
    float largest = 1e-9f;
    for (const HeadKey& k : keys) largest = std::max(largest, k.share);
    const bool cut = keys.size() > kMostRows;
    if (cut) std::ranges::stable_sort(keys, std::ranges::greater{}, &HeadKey::share);
    title("Attends to", "             attention   share");
    for (size_t i = 0; i < std::min(kMostRows, keys.size()); ++i) {
      line("  {}    {:>6.4f}  {:>6.4f}  {}", fit(token(keys[i].key), 20), keys[i].attention, keys[i].share,
           terminal_.paint(Ink::kAttention, bar(keys[i].share / largest)));
    }
    more(keys.size(), "keys, with smaller shares");
  }

  void neurons() {
    if (x_.neurons.empty()) return;
    title("Neurons", "   share  activation  promotes");
    for (const NeuronPart& n : x_.neurons) {
      line("  {:>6}  {:>6.4f}    {:>8.3f}  {}", n.neuron, n.share, n.activation,
           n.promotes ? mark_blanks(n.promotes->text) : "");
    }
  }

  void vocabulary() {
    if (!x_.reading) return;
    title("Promotes", fmt::format("                       {}", terminal_.paint(Ink::kBold, "Suppresses")));
    const PartReading& r = *x_.reading;
    for (size_t i = 0; i < std::max(r.promoted.size(), r.suppressed.size()); ++i) {
      const auto cell = [](const std::vector<TokenScore>& scores, size_t at) {
        return at < scores.size()
                   ? fmt::format("{} {:>8.3f}", fit(mark_blanks(scores[at].piece.text), 18), scores[at].logit)
                   : std::string(27, ' ');
      };
      line("  {}    {}", cell(r.promoted, i), cell(r.suppressed, i));
    }
    line("  {}", terminal_.paint(Ink::kMuted, note(x_.normalize)));
  }
  static std::string_view note(Normalize normalize) {
    switch (normalize) {
      case Normalize::kFrozen:
        return "what it adds to each logit, the final norm's scale being what it is here";
      case Normalize::kPart:
        return "logits of the part alone, normed as if it were a state";
      case Normalize::kNone:
        return "logits of the part alone, not normed";
    }
    return "";
  }

  void logit() {
    if (x_.logit_parts.empty()) return;
    line("\n  the logit of '{}' is {:.4f} ({})", mark_blanks(x_.target->piece.text),
         x_.target->prediction.logit, percent(x_.target->prediction.probability));
    title("Adds", "                     logit");
    double sum = 0;
    for (const LogitPart& p : x_.logit_parts) sum += p.logit;
    const double largest = std::max(1e-9, std::abs(x_.logit_parts.front().logit));
    for (size_t i = 0; i < std::min(kMostRows, x_.logit_parts.size()); ++i) {
      const LogitPart& p = x_.logit_parts[i];
      line("  {} {:>+9.4f}  {}", fit(p.subject, 18), p.logit,
           terminal_.paint(p.logit < 0 ? Ink::kError : Ink::kProbability, bar(std::abs(p.logit) / largest)));
    }
    more(x_.logit_parts.size(), "parts, smaller ones");
    line("  {} {:>+9.4f}", fit(fmt::format("sum of all {}", x_.logit_parts.size()), 18), sum);
  }

  const Inspection& x_;
  const Terminal& terminal_;
  std::string out_;
};

}  // namespace

std::string draw_inspection(const Inspection& inspection, const Terminal& terminal) {
  return Drawing(inspection, terminal).text();
}

}  // namespace limpid
