#include <fmt/format.h>

#include "api/csv.h"

namespace limpid {

std::string to_csv(const LensResult& lens) {
  std::string text = "layer,position,list,rank,id,token,logit,probability,entropy\n";
  const auto add = [&](size_t layer, int position, const LensCell& cell) {
    const auto line = [&](const char* list, size_t rank, const Piece& piece, float logit,
                          double probability) {
      text += fmt::format("{},{},{},{},{},{},{},{},{}\n", layer, position, list, rank, piece.id,
                          csv_field(piece.text), logit, probability, cell.entropy);
    };
    for (size_t i = 0; i < cell.top.size(); ++i) {
      line("top", i, cell.top[i].piece, cell.top[i].prediction.logit, cell.top[i].prediction.probability);
    }
    for (size_t i = 0; i < cell.chosen.size(); ++i) {
      line("chosen", cell.chosen[i].rank, lens.chosen[i], cell.chosen[i].logit, cell.chosen[i].probability);
    }
  };
  for (size_t l = 0; l < lens.rows.size(); ++l) {
    for (size_t i = 0; i < lens.rows[l].size(); ++i) add(l, lens.positions[i], lens.rows[l][i]);
  }
  return text;
}

}  // namespace limpid
