#include "tokenizer/loaded.h"

#include <nlohmann/json.hpp>

namespace limpid {

std::string added_token_json(std::string_view content, bool special) {
  return nlohmann::json({{"content", content},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", special}})
      .dump();
}

}  // namespace limpid
