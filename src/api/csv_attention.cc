#include <fmt/format.h>
#include <iterator>

#include "api/csv.h"

namespace limpid {

std::string to_csv(const AttentionResult& result) {
  std::string text = "layer,head,query,key,attention,contribution\n";
  const size_t n_tok = result.n_tok();
  for (const HeadMap& map : result.heads) {
    for (size_t q = 0; q < n_tok; ++q) {
      for (size_t k = 0; k <= q; ++k) {
        fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{}\n", map.id.layer, map.id.head, q, k,
                       map.attention[q * n_tok + k], map.contribution[q * n_tok + k]);
      }
    }
  }
  return text;
}

}  // namespace limpid
