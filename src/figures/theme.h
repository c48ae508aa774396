// The colours of figures, the same as the web app's. Each ink has at least 4.5:1 against the background
// (text) or 3:1 (marks).
#pragma once

#include <optional>
#include <string_view>

namespace limpid {

struct Theme {
  std::string_view name;
  std::string_view background, line, text, text_muted, ghost;
  std::string_view attention, residual, ffn, probability;
};

const Theme& light_theme();
const Theme& dark_theme();
/// "light" or "dark".
std::optional<Theme> theme(std::string_view name);

}  // namespace limpid
