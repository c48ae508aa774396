// Tokens for the eye: marks for what would not be seen.
#pragma once

#include <string>
#include <string_view>

namespace limpid {

/// Visible marks for space `·`, line break `⏎`, tab `⇥` and `nbsp`; control characters, and those that are
/// invisible or turn the direction of what follows, by number: `\x1b`, `\u202e`. Bytes that are not UTF-8
/// stay as they are.
std::string mark_blanks(std::string_view text);

}  // namespace limpid
