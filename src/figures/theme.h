// The colours of figures, the same as the web app's. Each ink has at least 4.5:1 against the background
// (text) or 3:1 (marks).
#pragma once

#include <optional>
#include <string_view>

namespace limpid {

struct Theme {
  std::string_view name;
  std::string_view background, sunken, line, text, text_secondary, text_muted, ghost;
  std::string_view attention, residual, ffn, probability;
  std::string_view stronger, weaker;  // of a comparison
  double deepest;  // share of ink in a cell of a heat map that shows 1; one that shows 0 has 0.05
};

const Theme& light_theme();
const Theme& dark_theme();
/// `text` or `background`, whichever is easier to read on `fill`.
std::string_view ink_on(std::string_view fill, const Theme& theme);

/// "light" or "dark".
std::optional<Theme> theme(std::string_view name);

}  // namespace limpid
