// Text in figures: how wide it may become, cutting and wrapping to a width, tokens and numbers as they are
// printed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "limpid/token.h"

namespace limpid {

enum class Font {
  kText,   // Inter or the system's sans
  kToken,  // JetBrains Mono or the system's monospace
};

/// The size of text in a figure of this width, in px.
double text_size(double width);

/// The width in px that `text` takes at most, in the widest of the usual stand-ins for `font`.
double text_width(std::string_view text, Font font, double size, bool bold = false);

/// How much wider bold text is at most.
constexpr double kBold = 1.12;

/// Some character is of a script whose fonts differ too much for text_width() to hold.
bool is_unpredictable(std::string_view text);

/// The text, cut to `width` with an ellipsis where it is wider; empty where not even that fits.
std::string fit_text(std::string_view text, Font font, double size, double width);

/// Lines of whole words, each at most `width`; a word that is wider is cut.
std::vector<std::string> wrap_text(std::string_view text, Font font, double size, double width);

/// A token as figures print it: marks for blanks, four or more of a kind as `·×45`, a dotted circle under a
/// mark that would sit on its neighbour.
std::string token_label(const Piece& piece);

/// 0.33, the share of a target.
std::string weight_text(double weight);
/// .107, the share of a single part.
std::string contribution_text(double share);
/// 92%, 2.2%, <0.1%.
std::string percent_text(double share);

}  // namespace limpid
