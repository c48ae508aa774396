// Text that arrives in pieces of bytes which may split characters.
#pragma once

#include <string>
#include <string_view>

namespace limpid {

class TextStream {
 public:
  /// The characters that are whole now. A byte that can be part of none comes as U+FFFD.
  std::string add(std::string_view bytes);
  /// What never became whole, each byte as U+FFFD.
  std::string finish();

 private:
  std::string held_;  // the start of a character
};

}  // namespace limpid
