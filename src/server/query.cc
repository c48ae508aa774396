#include "server/query.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace limpid {

namespace {

constexpr size_t kLongestQuote = 60;

std::string quote(std::string_view text) {
  return text.size() <= kLongestQuote ? fmt::format("'{}'", text) : fmt::format("{} bytes", text.size());
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The length of the UTF-8 character that the text starts with; 0 for none.
size_t character_length(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const size_t n = first < 0x80   ? 1
                   : first < 0xc2 ? 0
                   : first < 0xe0 ? 2
                   : first < 0xf0 ? 3
                   : first < 0xf5 ? 4
                                  : 0;
  if (n == 0 || n > text.size()) return 0;
  for (size_t i = 1; i < n; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates, and what is beyond the last character.
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
      (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) {
    return 0;
  }
  return n;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t n = character_length(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

}  // namespace

std::optional<std::string> decode_percent(std::string_view text, Plus plus) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus == Plus::kIsBlank) c = ' ';
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = digit(text[i + 1]), low = digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Answer<Query> Query::parse(std::string_view text, std::initializer_list<std::string_view> known) {
  Query query;
  for (const std::string_view part : split(text, '&')) {
    if (part.empty()) continue;
    const size_t equals = std::min(part.find('='), part.size());
    const auto name = decode_percent(part.substr(0, equals), Plus::kIsBlank);
    const auto value = decode_percent(part.substr(std::min(equals + 1, part.size())), Plus::kIsBlank);
    if (!name || !value) return bad_request("query: expected percent-encoded UTF-8, found something else");
    const auto is = [&](std::string_view k) { return k.substr(0, k.size() - k.ends_with('*')) == *name; };
    const auto* found = std::ranges::find_if(known, is);
    if (found == known.end()) {
      return bad_request(
          fmt::format("query: the parameter {} is unknown", quote(*name)),
          known.size() == 0 ? "there are none" : fmt::format("known are {}", fmt::join(known, ", ")));
    }
    auto& values = query.values_[*name];
    if (!values.empty() && !found->ends_with('*'))
      return bad_request(fmt::format("{}: expected once, found twice", *name));
    values.push_back(*value);
  }
  return query;
}

const std::vector<std::string>& Query::all(std::string_view name) const {
  static const std::vector<std::string> kNone;
  const auto it = values_.find(name);
  return it == values_.end() ? kNone : it->second;
}

const std::string* Query::find(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second.front();
}

std::string Query::text(std::string_view name) const {
  const std::string* value = find(name);
  return value != nullptr ? *value : std::string();
}

Answer<int> parse_integer(std::string_view what, std::string_view text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return bad_request(
        fmt::format("{}: expected an integer from {} to {}, found {}", what, least, most, quote(text)));
  }
  return value;
}

Answer<int> Query::integer(std::string_view name, int fallback, int least, int most) const {
  const std::string* value = find(name);
  if (value == nullptr) return fallback;
  return parse_integer(name, *value, least, most);
}

Answer<double> Query::number(std::string_view name, double fallback, double least, double most) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || !(value >= least && value <= most)) {
    return bad_request(
        fmt::format("{}: expected a number from {} to {}, found {}", name, least, most, quote(*text)));
  }
  return value;
}

Answer<bool> Query::boolean(std::string_view name, bool fallback) const {
  const std::string* text = find(name);
  if (text == nullptr) return fallback;
  if (*text == "true" || *text == "1") return true;
  if (*text == "false" || *text == "0") return false;
  return bad_request(fmt::format("{}: expected true or false, found {}", name, quote(*text)));
}

Answer<size_t> Query::choice(std::string_view name, std::initializer_list<std::string_view> choices) const {
  const std::string* text = find(name);
  if (text == nullptr) return 0;
  const auto* found = std::ranges::find(choices, std::string_view(*text));
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  return bad_request(
      fmt::format("{}: expected one of {}, found {}", name, fmt::join(choices, ", "), quote(*text)));
}

}  // namespace limpid
