// Arguments in an address: percent-encoding, and parameters that are known by name.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/failure.h"

namespace limpid {

/// Of a prompt; positions may be negative, and count from the end then.
inline constexpr int kMostPositions = 1 << 24;

enum class Plus { kIsPlus, kIsBlank };

/// nullopt for a percent sign without two hexadecimal digits, a NUL, or what is no UTF-8.
std::optional<std::string> decode_percent(std::string_view text, Plus plus);

/// The parts between separators; one empty part of an empty text.
std::vector<std::string_view> split(std::string_view text, char separator);

class Query {
 public:
  /// Errors: 400 for a name that is not among `known`, for one that is repeated though it does not end in "*"
  /// there, and for wrong percent-encoding.
  static Answer<Query> parse(std::string_view text, std::initializer_list<std::string_view> known);

  /// All values of a repeated parameter.
  const std::vector<std::string>& all(std::string_view name) const;
  /// "" without it.
  std::string text(std::string_view name) const;
  /// 400, naming what is expected, for anything else.
  Answer<int> integer(std::string_view name, int fallback, int least, int most) const;
  Answer<double> number(std::string_view name, double fallback, double least, double most) const;
  Answer<bool> boolean(std::string_view name, bool fallback) const;
  /// The index among `choices`; that of the first without the parameter.
  Answer<size_t> choice(std::string_view name, std::initializer_list<std::string_view> choices) const;

 private:
  const std::string* find(std::string_view name) const;

  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// The whole text as an integer from `least` to `most`. `what` names it in the message.
Answer<int> parse_integer(std::string_view what, std::string_view text, int least, int most);

}  // namespace limpid
