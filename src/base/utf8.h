// Well-formed UTF-8, as Unicode defines it: no overlong forms, surrogates or code points past U+10FFFF.
#pragma once

#include <cstddef>
#include <string_view>

namespace limpid {

/// Bytes of the well-formed character at the start of `text`; 0 when there is none.
size_t utf8_length(std::string_view text);

/// The code point of the well-formed character that `character` is.
char32_t utf8_code_point(std::string_view character);

}  // namespace limpid
