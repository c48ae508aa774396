// An SVG document, written from back to front: what is added later lies on top.
//
//   Svg svg(680, 400, theme);
//   { const auto group = svg.group("attention", {.stroke = theme.attention}); svg.path("M0 0L9 9", {}); }
//   return svg.str();
//
// Only presentation attributes, no style sheets: office programs and converters for print read those, too.
// Text may hold any bytes. Numbers have two decimals at most, so the same drawing gives the same bytes.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "figures/text.h"
#include "figures/theme.h"

namespace limpid {

/// What is not set comes from the group around.
struct Paint {
  std::string_view fill = {};
  std::string_view stroke = {};
  std::optional<double> stroke_width = {};
  std::optional<double> opacity = {};
  std::string_view dash = {};
  bool round_ends = false;
};

enum class Anchor { kStart, kMiddle, kEnd };

struct TextStyle {
  std::string_view fill;
  double size = 11;
  Font font = Font::kText;
  Anchor anchor = Anchor::kStart;
  bool bold = false;
  bool upward = false;  // read from below; the anchor is along the text
};

/// Part of a line of text; parts are set apart by a blank.
struct TextSpan {
  std::string text;
  std::string_view fill;
  Font font = Font::kText;
  bool bold = false;
};

class Svg {
 public:
  Svg(double width, double height, const Theme& theme);
  ~Svg();

  /// For readers of the figure and of the file: a title, a sentence, and what it was made from.
  void describe(std::string_view title, std::string_view description,
                const std::vector<std::pair<std::string_view, std::string>>& parameters);

  /// Everything added while the returned value lives is inside the group.
  class Group {
   public:
    explicit Group(Svg& svg) : svg_(svg) {}
    ~Group() { svg_.leave(); }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

   private:
    Svg& svg_;
  };
  [[nodiscard]] Group group(std::string_view name, const Paint& paint = {});

  /// `tip`, where given, is shown under the pointer.
  void path(std::string_view d, const Paint& paint, std::string_view tip = {});
  void rect(double x, double y, double width, double height, const Paint& paint, std::string_view tip = {});
  void circle(double x, double y, double radius, const Paint& paint, std::string_view tip = {});
  /// `y` is the middle of the letters' height.
  void text(double x, double y, std::string_view text, const TextStyle& style);
  void text(double x, double y, const std::vector<TextSpan>& spans, const TextStyle& style);

  std::string str() const;

 private:
  void leave();

  struct State;
  std::unique_ptr<State> state_;
};

/// A number as in SVG: two decimals at most, no -0.
std::string number(double value);

/// The data of a path: `Path().move(0, 0).line(9, 9).str()`.
class Path {
 public:
  Path& move(double x, double y) { return add('M', {x, y}); }
  Path& line(double x, double y) { return add('L', {x, y}); }
  Path& curve(double cx, double cy, double x, double y) { return add('Q', {cx, cy, x, y}); }
  Path& close() { return add('Z', {}); }
  /// A spot as wide as the stroke, where ends are round.
  Path& dot(double x, double y) { return move(x, y).add('h', {0}); }
  Path& rect(double x, double y, double width, double height);
  bool empty() const { return data_.empty(); }
  const std::string& str() const { return data_; }

 private:
  Path& add(char command, std::initializer_list<double> numbers);
  std::string data_;
};

}  // namespace limpid
