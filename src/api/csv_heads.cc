#include <fmt/format.h>

#include "api/csv.h"

namespace limpid {

std::string to_csv(const HeadsResult& result) {
  std::string text = "layer,head,role,score,error,contribution\n";
  for (const HeadScores& head : result.heads) {
    for (size_t r = 0; r < result.roles.size(); ++r) {
      const RoleScore& score = head.scores[r];
      text += fmt::format("{},{},{},{},{},{}\n", head.id.layer, head.id.head, name(result.roles[r]),
                          score.score, score.error, score.contribution);
    }
  }
  return text;
}

}  // namespace limpid
