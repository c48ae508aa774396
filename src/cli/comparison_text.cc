#include "cli/comparison_text.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <span>

#include "base/token_text.h"
#include "cli/route_drawing.h"

namespace limpid {

namespace {

constexpr size_t kMostTokens = 10;  // that differ, and are listed

std::string at(std::span<const Piece> tokens, int position) {
  return fmt::format("{} @{}", short_label(tokens[static_cast<size_t>(position)]), position);
}

std::string signed_number(double value, const char* format, const Terminal& terminal) {
  const std::string text = fmt::format(fmt::runtime(format), value);
  return terminal.paint(value > 0 ? Ink::kStronger : value < 0 ? Ink::kWeaker : Ink::kPlain, text);
}

std::string title(const Comparison& c, const Terminal& terminal) {
  const std::string after = fmt::format("after '{}' @{}, {} layers, {} tokens",
                                        short_label(c.tokens_a[static_cast<size_t>(c.options.position)]),
                                        c.options.position, c.n_layer, c.tokens_a.size());
  if (c.model_a == c.model_b)
    return fmt::format("{}  {}\n", terminal.paint(Ink::kBold, c.model_a), terminal.paint(Ink::kMuted, after));
  return fmt::format("A  {}\nB  {}\n{}\n", terminal.paint(Ink::kBold, c.model_a),
                     terminal.paint(Ink::kBold, c.model_b), terminal.paint(Ink::kMuted, after));
}

std::string token_table(const Comparison& c, const Terminal& terminal) {
  if (c.changed.empty()) return "";
  std::string out = terminal.paint(Ink::kBold, "Tokens that differ") +
                    terminal.paint(Ink::kMuted, "    A                     B") + "\n";
  for (const int t : std::span(c.changed).first(std::min(kMostTokens, c.changed.size()))) {
    const auto text = [&](const std::vector<Piece>& tokens) {
      return fit(mark_blanks(tokens[static_cast<size_t>(t)].text), 20);
    };
    out += fmt::format("  {:>18}  {}  {}\n", fmt::format("@{}", t), text(c.tokens_a), text(c.tokens_b));
  }
  if (c.changed.size() > kMostTokens) out += fmt::format("  and {} more\n", c.changed.size() - kMostTokens);
  return out + "\n";
}

std::string prediction_table(const Comparison& c, const Terminal& terminal) {
  std::string out = terminal.paint(Ink::kBold, "Next token") +
                    terminal.paint(Ink::kMuted, "                    A        B   points") + "\n";
  for (const ComparedPrediction& p : c.predictions) {
    const double points = 100 * (p.b.probability - p.a.probability);
    out += fmt::format("  {}  {:>7.3f}  {:>7.3f}  {}\n", fit(mark_blanks(p.piece.text), 20), p.a.probability,
                       p.b.probability, signed_number(points, "{:>+7.1f}", terminal));
  }
  return out + "\n";
}

/// "23.0, 23.1, +1": those that changed most.
std::string heads_of(const ComparedEdge& edge) {
  constexpr size_t kMost = 2;
  std::vector<ComparedHead> heads = edge.heads;
  std::ranges::stable_sort(heads, std::ranges::greater{},
                           [](const ComparedHead& h) { return std::abs(h.weight_b - h.weight_a); });
  std::string text;
  for (size_t i = 0; i < std::min(kMost, heads.size()); ++i)
    text += fmt::format("{}{}.{}", i == 0 ? "" : ", ", edge.to.layer, heads[i].head);
  if (heads.size() > kMost) text += fmt::format(", +{}", heads.size() - kMost);
  return text;
}

std::string edge_table(const Comparison& c, const ComparisonTextOptions& options, const Terminal& terminal) {
  std::string rows;
  size_t n = 0;
  for (const ComparedEdge* e : most_changed(c.route)) {
    if (n == options.n_edge) break;
    if (std::max(e->flow_a, e->flow_b) < static_cast<float>(options.min_flow)) continue;
    const auto weight = [](bool on_route, float value) {
      return on_route ? fmt::format("{:>5.3f}", value) : fmt::format("{:>5}", "-");
    };
    const std::string path =
        fmt::format("{} → {}", at(c.tokens_a, e->from.position), at(c.tokens_a, e->to.position));
    rows += fmt::format("  {:>3}  {}  {}  {}  {}  {}  {}\n", e->to.layer, fit(path, 22),
                        weight(e->in_a, e->weight_a), weight(e->in_b, e->weight_b),
                        signed_number(static_cast<double>(e->change()), "{:>+6.3f}", terminal),
                        signed_number(static_cast<double>(e->shift), "{:>+6.3f}", terminal), heads_of(*e));
    ++n;
  }
  if (rows.empty()) return "No attention edge between tokens changed.\n";
  return terminal.paint(Ink::kBold, "Attention edges that changed") +
         terminal.paint(Ink::kMuted, "      A      B  change   shift  heads") + "\n" + rows;
}

std::string counts(const Comparison& c, const Terminal& terminal) {
  size_t n_both = 0, n_a = 0, n_b = 0;
  for (const ComparedEdge& e : c.route.edges) ++(e.in_a && e.in_b ? n_both : e.in_a ? n_a : n_b);
  return fmt::format("{}  {}\n", terminal.paint(Ink::kBold, "Routes"),
                     terminal.paint(Ink::kMuted, fmt::format("{} edges in both, {} only in A, {} only in B, "
                                                             "above {:g}{}",
                                                             n_both, n_a, n_b, c.options.threshold,
                                                             c.options.renormalize ? ", renormalised" : "")));
}

/// Of the explained token, at five depths.
std::string distances(const Comparison& c, const Terminal& terminal) {
  std::string values, layers;
  int shown = -1;
  for (const int quarter : {0, 1, 2, 3, 4}) {
    const int layer = (c.n_layer - 1) * quarter / 4;
    const auto node = std::ranges::find(c.route.nodes, Node{NodeKind::kPost, layer, c.options.position},
                                        &ComparedNode::node);
    if (layer == shown || node == c.route.nodes.end() || !node->distance) continue;
    values += fmt::format("  {:.3f}", *node->distance);
    layers += fmt::format(" {}", layer);
    shown = layer;
  }
  return values.empty()
             ? ""
             : terminal.paint(Ink::kBold, "States differ by") + values + "  after layers" + layers + "\n";
}

}  // namespace

std::string comparison_text(const Comparison& comparison, const ComparisonTextOptions& options,
                            const Terminal& terminal) {
  return title(comparison, terminal) + "\n" + token_table(comparison, terminal) +
         prediction_table(comparison, terminal) + counts(comparison, terminal) +
         distances(comparison, terminal) + "\n" + edge_table(comparison, options, terminal);
}

}  // namespace limpid
