#include "figures/heading.h"

#include <fmt/format.h>

namespace limpid {

Heading arrange_heading(const HeadingText& text, double size, double width, double room) {
  Heading out = {.title = fit_text(text.title, Font::kText, kTitle * size, width / kBold),
                 .subject = fit_text(text.subject, Font::kText, size, room),
                 .token = {},
                 .position = {},
                 .facts = wrap_text(text.facts, Font::kText, size, room)};
  if (text.token) {
    out.position = fmt::format("{}", text.position);
    const double others = text_width(out.subject + "  " + out.position, Font::kText, size);
    out.token = fit_text(token_label(*text.token), Font::kToken, size, room - others);
  }
  out.top = size;
  out.title_bottom = out.top + kTitle * kLine * size;
  out.bottom = out.title_bottom + kLine * size * static_cast<double>(1 + out.facts.size());
  return out;
}

void draw_heading(Svg& svg, const Heading& heading, const Theme& theme, double size) {
  double y = heading.top + 0.6 * size;
  svg.text(size, y, heading.title, {.fill = theme.text, .size = kTitle * size, .bold = true});
  y += kTitle * kLine * size;
  std::vector<TextSpan> subject = {{heading.subject, theme.text_secondary}};
  if (!heading.token.empty()) subject.push_back({heading.token, theme.text, Font::kToken});
  if (!heading.position.empty()) subject.push_back({heading.position, theme.text_muted});
  svg.text(size, y, subject, {.fill = theme.text_secondary, .size = size});
  for (const std::string& line : heading.facts) {
    y += kLine * size;
    svg.text(size, y, line, {.fill = theme.text_muted, .size = size});
  }
}

std::string prompt_text(std::span<const Piece> tokens) {
  std::string text;
  for (const Piece& piece : tokens) text += piece.continuation ? "" : piece.text;
  return text;
}

}  // namespace limpid
