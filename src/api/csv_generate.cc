#include <fmt/format.h>

#include "api/csv.h"

namespace limpid {

std::string to_csv(const GenerateResult& result) {
  std::string text = "number,id,token,logit,probability\n";
  for (size_t i = 0; i < result.tokens.size(); ++i) {
    const NamedPrediction& token = result.tokens[i];
    text += fmt::format("{},{},{},{},{}\n", i + 1, token.piece.id, csv_field(token.piece.text),
                        token.prediction.logit, token.prediction.probability);
  }
  return text;
}

}  // namespace limpid
