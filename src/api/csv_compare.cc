#include <fmt/format.h>

#include "api/csv.h"

namespace limpid {

std::string to_csv(const Comparison& comparison) {
  std::string out = "from,to,kind,in,weight_a,weight_b,change,flow_a,flow_b,shift,heads\n";
  for (const ComparedEdge& e : comparison.route.edges) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{},", to_string(e.from), to_string(e.to), name(e.kind),
                       e.in_a && e.in_b ? "both"
                       : e.in_a         ? "a"
                                        : "b",
                       e.weight_a, e.weight_b, e.change(), e.flow_a, e.flow_b, e.shift);
    for (size_t i = 0; i < e.heads.size(); ++i) {
      out += fmt::format("{}{}:{}:{}", i == 0 ? "" : ";", e.heads[i].head, e.heads[i].weight_a,
                         e.heads[i].weight_b);
    }
    out += "\n";
  }
  return out;
}

}  // namespace limpid
