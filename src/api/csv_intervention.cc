#include <fmt/format.h>

#include "api/csv.h"

namespace limpid {

std::string to_csv(const SweepResult& result) {
  std::string text = "component,kind,layer,head,token,value,effect\n";
  const auto optional = [](const std::optional<int>& n) { return n ? fmt::format("{}", *n) : ""; };
  for (const SweepCell& cell : result.cells) {
    text += fmt::format("{},{},{},{},{},{},{}\n", cell.subject, name(cell.over), cell.layer,
                        optional(cell.head), optional(cell.position), cell.value, cell.effect);
  }
  return text;
}

std::string to_csv(const FaithfulnessResult& result) {
  std::string text = "ranking,fraction,by_score,by_size\n";
  for (const FaithfulnessCurve& curve : result.curves) {
    for (size_t i = 0; i < result.fractions.size(); ++i) {
      text += fmt::format("{},{},{},{}\n", name(curve.ranking), result.fractions[i], curve.by_score[i],
                          curve.by_size[i]);
    }
  }
  return text;
}

}  // namespace limpid
