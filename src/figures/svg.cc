#include "figures/svg.h"

#include <cmath>
#include <fmt/format.h>
#include <pugixml.hpp>

#include "base/utf8.h"

namespace limpid {

namespace {

constexpr const char* kTextFonts = "Inter, 'Helvetica Neue', Arial, sans-serif";
constexpr const char* kTokenFonts = "'JetBrains Mono', 'DejaVu Sans Mono', Menlo, Consolas, monospace";

/// What XML 1.0 can hold: other characters and bytes become U+FFFD. Line breaks and tabs are kept.
std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = utf8_length(text);
    const char32_t c = length == 0 ? char32_t{0} : utf8_code_point(text.substr(0, length));
    const bool control = c < 0x20 && c != '\n' && c != '\t' && c != '\r';
    const bool none = (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF) || (c >= 0x7F && c <= 0x9F);
    out += control || none ? "\uFFFD" : std::string(text.substr(0, length));
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name).set_value(xml_text(value).c_str());
}

void set(pugi::xml_node node, const char* name, double value) {
  set(node, name, number(value));
}

void set_paint(pugi::xml_node node, const Paint& paint) {
  if (!paint.fill.empty()) set(node, "fill", paint.fill);
  if (!paint.stroke.empty()) set(node, "stroke", paint.stroke);
  if (paint.stroke_width) set(node, "stroke-width", *paint.stroke_width);
  if (paint.opacity) set(node, "opacity", *paint.opacity);
  if (!paint.dash.empty()) set(node, "stroke-dasharray", paint.dash);
  if (paint.round_ends) set(node, "stroke-linecap", "round");
}

void set_text(pugi::xml_node node, std::string_view text) {
  node.append_child(pugi::node_pcdata).set_value(xml_text(text).c_str());
}

void add_tip(pugi::xml_node node, std::string_view tip) {
  if (!tip.empty()) set_text(node.append_child("title"), tip);
}

void set_font(pugi::xml_node node, Font font, bool bold) {
  if (font == Font::kToken) set(node, "font-family", kTokenFonts);
  if (bold) set(node, "font-weight", "600");
}

/// Whatever font turns up for a rare script, it takes the estimated width.
void limit_length(pugi::xml_node node, const std::string& text, Font font, double size, bool bold) {
  if (!is_unpredictable(text)) return;
  set(node, "textLength", text_width(text, font, size, bold));
  set(node, "lengthAdjust", "spacingAndGlyphs");
}

}  // namespace

struct Svg::State {
  pugi::xml_document document;
  pugi::xml_node root;
  pugi::xml_node current;
};

Svg::Svg(double width, double height, const Theme& theme) : state_(std::make_unique<State>()) {
  state_->root = state_->current = state_->document.append_child("svg");
  pugi::xml_node root = state_->root;
  set(root, "xmlns", "http://www.w3.org/2000/svg");
  set(root, "width", width);
  set(root, "height", height);
  set(root, "viewBox", fmt::format("0 0 {} {}", number(width), number(height)));
  set(root, "role", "img");
  set(root, "font-family", kTextFonts);
  set(root, "style", "font-variant-numeric:tabular-nums");
  rect(0, 0, width, height, {.fill = theme.background});
}

Svg::~Svg() = default;

void Svg::describe(std::string_view title, std::string_view description,
                   const std::vector<std::pair<std::string_view, std::string>>& parameters) {
  pugi::xml_node metadata = state_->root.prepend_child("metadata");
  set_text(state_->root.prepend_child("desc"), description);
  set_text(state_->root.prepend_child("title"), title);
  pugi::xml_node figure = metadata.append_child("limpid:figure");
  set(figure, "xmlns:limpid", "urn:limpid:figure");
  for (const auto& [name, value] : parameters) set(figure, std::string(name).c_str(), value);
}

Svg::Group Svg::group(std::string_view name, const Paint& paint) {
  state_->current = state_->current.append_child("g");
  set(state_->current, "class", name);
  set_paint(state_->current, paint);
  return Group(*this);
}

void Svg::leave() {
  state_->current = state_->current.parent();
}

void Svg::path(std::string_view d, const Paint& paint, std::string_view tip) {
  pugi::xml_node node = state_->current.append_child("path");
  set(node, "d", d);
  set_paint(node, paint);
  add_tip(node, tip);
}

void Svg::rect(double x, double y, double width, double height, const Paint& paint, std::string_view tip) {
  pugi::xml_node node = state_->current.append_child("rect");
  set(node, "x", x);
  set(node, "y", y);
  set(node, "width", width);
  set(node, "height", height);
  set_paint(node, paint);
  add_tip(node, tip);
}

void Svg::circle(double x, double y, double radius, const Paint& paint, std::string_view tip) {
  pugi::xml_node node = state_->current.append_child("circle");
  set(node, "cx", x);
  set(node, "cy", y);
  set(node, "r", radius);
  set_paint(node, paint);
  add_tip(node, tip);
}

void Svg::text(double x, double y, std::string_view text, const TextStyle& style) {
  Svg::text(x, y, std::vector{TextSpan{std::string(text), {}}}, style);
}

void Svg::text(double x, double y, const std::vector<TextSpan>& spans, const TextStyle& style) {
  constexpr double kHalfHeight =
      0.36;  // of digits and capitals, in em; dominant-baseline is not known everywhere
  pugi::xml_node node = state_->current.append_child("text");
  if (style.upward) {
    set(node, "transform",
        fmt::format("translate({} {})rotate(-90)", number(x + kHalfHeight * style.size), number(y)));
  } else {
    set(node, "x", x);
    set(node, "y", y + kHalfHeight * style.size);
  }
  set(node, "font-size", style.size);
  set(node, "fill", style.fill);
  set_font(node, style.font, style.bold);
  if (style.anchor != Anchor::kStart)
    set(node, "text-anchor", style.anchor == Anchor::kEnd ? "end" : "middle");
  if (spans.size() == 1) {
    limit_length(node, spans[0].text, style.font, style.size, style.bold);
    set_text(node, spans[0].text);
    return;
  }
  for (const TextSpan& span : spans) {
    pugi::xml_node part = node.append_child("tspan");
    set(part, "fill", span.fill);
    set_font(part, span.font, span.bold);
    limit_length(part, span.text, span.font, style.size, span.bold);
    set_text(part, span.text);
  }
}

std::string Svg::str() const {
  struct Writer : pugi::xml_writer {
    std::string out;
    void write(const void* data, size_t size) override { out.append(static_cast<const char*>(data), size); }
  } writer;
  // Indentation is also the blank between the parts of a text.
  state_->document.save(writer, " ", pugi::format_indent, pugi::encoding_utf8);
  return std::move(writer.out);
}

std::string number(double value) {
  std::string text = fmt::format("{:.2f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

Path& Path::add(char command, std::initializer_list<double> numbers) {
  data_ += command;
  const char* separator = "";
  for (const double value : numbers) {
    data_ += separator + number(value);
    separator = " ";
  }
  return *this;
}

Path& Path::rect(double x, double y, double width, double height) {
  return move(x, y).add('h', {width}).add('v', {height}).add('h', {-width}).close();
}

}  // namespace limpid
