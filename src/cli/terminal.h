// The terminal: how wide it is, whether it shows colours, how many columns a text takes.
#pragma once

#include <string>
#include <string_view>

namespace limpid {

enum class Ink {
  kPlain,
  kBold,
  kMuted,
  kAttention,
  kResidual,
  kFfn,
  kProbability,
  kError,
  kStronger,
  kWeaker
};

/// The colours of a map's cells, from dark to bright.
enum class Ramp { kAttention, kContribution };

class Terminal {
 public:
  /// What standard output is: colours only on a terminal, and never with NO_COLOR; COLUMNS overrides the
  /// width; 80 where nobody says.
  static Terminal of_stdout();
  Terminal(bool colour, int width) : colour_(colour), width_(width) {}

  int width() const { return width_; }
  /// The text in its ink, or as it is without colours.
  std::string paint(Ink ink, std::string_view text) const;
  /// A cell of a map, `columns` wide: value from 0 (blank) to 1, as one of ten colours or characters.
  std::string shade(Ramp ramp, double value, int columns) const;

 private:
  bool colour_;
  int width_;
};

/// Columns that a UTF-8 text takes: wide characters two, combining marks none.
int display_width(std::string_view text);

/// The text cut to `width` columns (an ellipsis marks the cut) and padded with blanks to exactly that.
std::string fit(std::string_view text, int width);
std::string fit_right(std::string_view text, int width);  // padded on the left

/// The words of the text, in lines of at most `width` columns; all but the first are indented. A longer word
/// keeps its line to itself.
std::string wrap(std::string_view text, int indent, int width);

}  // namespace limpid
