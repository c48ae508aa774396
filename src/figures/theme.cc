#include "figures/theme.h"

#include "figures/colour.h"

namespace limpid {

const Theme& light_theme() {
  static constexpr Theme kTheme = {.name = "light",
                                   .background = "#ffffff",
                                   .sunken = "#eceef1",
                                   .line = "#dde1e6",
                                   .text = "#15191e",
                                   .text_secondary = "#47515d",
                                   .text_muted = "#626c79",
                                   .ghost = "#c9cfd6",
                                   .attention = "#1f5fd0",
                                   .residual = "#64707e",
                                   .ffn = "#b3520a",
                                   .probability = "#0b7a70",
                                   .stronger = "#2c7a2c",
                                   .weaker = "#a8287c",
                                   .deepest = 0.67};
  return kTheme;
}

const Theme& dark_theme() {
  static constexpr Theme kTheme = {.name = "dark",
                                   .background = "#0f1316",
                                   .sunken = "#20262c",
                                   .line = "#2a3138",
                                   .text = "#e9edf0",
                                   .text_secondary = "#b4bec8",
                                   .text_muted = "#8f9aa6",
                                   .ghost = "#343c44",
                                   .attention = "#73aaff",
                                   .residual = "#94a1af",
                                   .ffn = "#f09a4c",
                                   .probability = "#3dbdad",
                                   .stronger = "#74c46c",
                                   .weaker = "#ee86c6",
                                   .deepest = 0.55};
  return kTheme;
}

std::string_view ink_on(std::string_view fill, const Theme& theme) {
  return contrast(fill, theme.text) >= contrast(fill, theme.background) ? theme.text : theme.background;
}

std::optional<Theme> theme(std::string_view name) {
  for (const Theme& theme : {light_theme(), dark_theme()}) {
    if (theme.name == name) return theme;
  }
  return std::nullopt;
}

}  // namespace limpid
