// What stands at the top left of every figure: the model, what is shown, and facts about it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "figures/svg.h"
#include "limpid/token.h"

namespace limpid {

struct HeadingText {
  std::string title;
  std::string subject;              // "Route after"
  std::optional<Piece> token = {};  // that the subject names
  int position = 0;                 // of the token
  std::string facts;
};

struct Heading {
  std::string title, subject, token, position;  // cut to their places
  std::vector<std::string> facts;               // lines
  double top = 0, title_bottom = 0, bottom = 0;
};

/// Distance of the middles of two lines, and the title's height, in sizes of text.
constexpr double kLine = 1.4, kTitle = 1.2;

/// The title may take `width`, everything else `room`.
Heading arrange_heading(const HeadingText& text, double size, double width, double room);

void draw_heading(Svg& svg, const Heading& heading, const Theme& theme, double size);

/// The text of a prompt, for the parameters of a figure.
std::string prompt_text(std::span<const Piece> tokens);

}  // namespace limpid
