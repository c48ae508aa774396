#include "cli/summary.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "base/token_text.h"
#include "cli/route_drawing.h"

namespace limpid {

namespace {

std::string heads_of(const Edge& edge, size_t most) {
  std::vector<EdgeHead> heads = edge.heads;
  std::ranges::stable_sort(heads, std::ranges::greater{}, &EdgeHead::weight);
  std::string text;
  for (size_t i = 0; i < std::min(most, heads.size()); ++i) {
    text +=
        fmt::format("{}{}.{} ({:.2f})", i == 0 ? "" : ", ", edge.to.layer, heads[i].head, heads[i].weight);
  }
  if (heads.size() > most) text += fmt::format(", +{}", heads.size() - most);
  return text;
}

std::string at(std::span<const Piece> tokens, int position) {
  return fmt::format("{} @{}", short_label(tokens[static_cast<size_t>(position)]), position);
}

}  // namespace

std::string draw_predictions(std::span<const NamedPrediction> predictions, const Terminal& terminal) {
  constexpr int kBar = 24;
  std::string out = terminal.paint(Ink::kBold, "Next token") +
                    terminal.paint(Ink::kMuted, "            probability    logit") + "\n";
  for (const NamedPrediction& p : predictions) {
    const int full = static_cast<int>(std::lround(p.prediction.probability * kBar));
    std::string bar;
    for (int i = 0; i < full; ++i) bar += "█";
    out += fmt::format("  {} {:>11.3f} {:>8.3f}  {}\n", fit(mark_blanks(p.piece.text), 20),
                       p.prediction.probability, p.prediction.logit, terminal.paint(Ink::kProbability, bar));
  }
  return out;
}

std::string strongest_edges(const Route& route, std::span<const Piece> tokens, size_t count,
                            const Terminal& terminal) {
  std::vector<const Edge*> edges;
  for (const Edge& e : route.edges) {
    if (e.kind == EdgeKind::kAttention && e.from.position != e.to.position) edges.push_back(&e);
  }
  std::ranges::stable_sort(edges, std::ranges::greater{}, &Edge::flow);
  edges.resize(std::min(count, edges.size()));
  if (edges.empty()) return "";
  std::string out = terminal.paint(Ink::kBold, "Strongest attention edges") +
                    terminal.paint(Ink::kMuted, "   weight   flow  heads") + "\n";
  for (const Edge* e : edges) {
    const std::string path = fmt::format("{} → {}", at(tokens, e->from.position), at(tokens, e->to.position));
    out += fmt::format("  {:>3}  {}  {:>5.3f}  {:>5.3f}  {}\n", e->to.layer, fit(path, 22), e->weight,
                       e->flow, terminal.paint(Ink::kAttention, heads_of(*e, 2)));
  }
  return out;
}

std::string strongest_heads(const Route& route, size_t count, const Terminal& terminal) {
  std::map<std::pair<int, int>, double> flow;  // (layer, head)
  for (const Edge& e : route.edges) {
    for (const EdgeHead& head : e.heads) {
      if (e.weight > 0) flow[{e.to.layer, head.head}] += static_cast<double>(e.flow * head.weight / e.weight);
    }
  }
  std::vector<std::pair<std::pair<int, int>, double>> heads(flow.begin(), flow.end());
  std::ranges::stable_sort(heads, std::ranges::greater{}, [](const auto& h) { return h.second; });
  heads.resize(std::min(count, heads.size()));
  if (heads.empty()) return "";
  std::string out = terminal.paint(Ink::kBold, "Heads by flow") + "  ";
  for (const auto& [head, sum] : heads) out += fmt::format("  {}.{} {:.2f}", head.first, head.second, sum);
  return out + "\n";
}

std::string edges_csv(const Route& route) {
  std::string out = "from,to,kind,weight,flow,heads\n";
  for (const Edge& e : route.edges) {
    out += fmt::format("{},{},{},{},{},", to_string(e.from), to_string(e.to), name(e.kind), e.weight, e.flow);
    for (size_t i = 0; i < e.heads.size(); ++i) {
      out += fmt::format("{}{}:{}", i == 0 ? "" : ";", e.heads[i].head, e.heads[i].weight);
    }
    out += "\n";
  }
  return out;
}

}  // namespace limpid
