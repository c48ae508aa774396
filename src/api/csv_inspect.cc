#include <fmt/format.h>

#include "api/csv.h"

namespace limpid {

namespace {

class Table {
 public:
  template <class T>
  void add(std::string_view section, std::string_view item, std::string_view measure, T value) {
    text_ += fmt::format("{},{},{},{}\n", section, csv_field(item), measure, value);
  }
  void add(std::string_view section, const std::vector<TokenScore>& scores) {
    for (const TokenScore& s : scores) add(section, token(s.piece), "logit", s.logit);
  }
  static std::string token(const Piece& piece) { return fmt::format("#{} {}", piece.id, piece.text); }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_ = "section,item,measure,value\n";
};

void add_state(const Inspection& inspection, Table& table) {
  if (inspection.entropy) table.add("state", inspection.subject, "entropy", *inspection.entropy);
  for (const RankedPrediction& p : inspection.predictions) {
    const std::string item = Table::token(p.token.piece);
    table.add("predictions", item, "logit", p.token.prediction.logit);
    table.add("predictions", item, "probability", p.token.prediction.probability);
    table.add("predictions", item, "rank", p.rank);
    if (p.rank_below) table.add("predictions", item, "rank_below", *p.rank_below);
  }
  for (const StatePart& part : inspection.parts) {
    table.add("parts", part.subject, "share", part.share);
    for (const EdgeHead& h : part.heads) {
      table.add("parts", part.subject, fmt::format("share_of_head_{}", h.head), h.weight);
    }
  }
  if (inspection.bias_share) table.add("parts", "bias", "share", *inspection.bias_share);
}

void add_part(const Inspection& inspection, Table& table) {
  if (inspection.share) table.add("part", inspection.subject, "share", *inspection.share);
  if (inspection.residual_share) table.add("part", "residual", "share", *inspection.residual_share);
  if (inspection.activation) table.add("part", inspection.subject, "activation", *inspection.activation);
  if (inspection.adds_to_target) {
    table.add("part", Table::token(inspection.target->piece), "adds_to_logit", *inspection.adds_to_target);
  }
  if (!inspection.reading) return;
  table.add("promoted", inspection.reading->promoted);
  table.add("suppressed", inspection.reading->suppressed);
}

}  // namespace

std::string to_csv(const Inspection& inspection) {
  Table table;
  add_state(inspection, table);
  add_part(inspection, table);
  for (const HeadPart& h : inspection.heads) {
    table.add("heads", fmt::format("{}", h.head), "attention", h.attention);
    table.add("heads", fmt::format("{}", h.head), "share", h.share);
  }
  for (const HeadKey& k : inspection.keys) {
    table.add("keys", fmt::format("{}", k.key), "attention", k.attention);
    table.add("keys", fmt::format("{}", k.key), "share", k.share);
  }
  for (const NeuronPart& n : inspection.neurons) {
    table.add("neurons", fmt::format("{}", n.neuron), "activation", n.activation);
    table.add("neurons", fmt::format("{}", n.neuron), "share", n.share);
  }
  for (const LogitPart& p : inspection.logit_parts) table.add("logit_parts", p.subject, "logit", p.logit);
  return std::move(table).text();
}

}  // namespace limpid
