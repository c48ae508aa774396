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

}  // namespace limpid
