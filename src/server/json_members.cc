#include "server/json_members.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "server/query.h"

namespace limpid {

Answer<Members> Members::parse(std::string_view text, const std::vector<std::string_view>& known) {
  if (text.find('\0') != text.npos) return bad_request("body: expected JSON, found a NUL byte");
  const auto json = std::make_shared<const Json>(Json::parse(text, nullptr, /*allow_exceptions=*/false));
  if (!json->is_object()) {
    return bad_request(json->is_discarded() ? "body: expected JSON, found something else"
                                            : "body: expected a JSON object, found another value");
  }
  for (const auto& [key, value] : json->items()) {
    if (std::ranges::find(known, key) == known.end()) {
      return bad_request("body: a key is unknown", known.empty()
                                                       ? "there are none"
                                                       : fmt::format("known are {}", fmt::join(known, ", ")));
    }
  }
  return Members(json);
}

bool Members::has(const char* key) const {
  return json_->contains(key);
}

Answer<void> Members::read(const char* key, std::string& to) const {
  if (!has(key)) return {};
  if (!(*json_)[key].is_string()) return bad_request(fmt::format("{}: expected a text", key));
  to = (*json_)[key].get<std::string>();
  return {};
}

Answer<void> Members::read(const char* key, bool& to) const {
  if (!has(key)) return {};
  if (!(*json_)[key].is_boolean()) return bad_request(fmt::format("{}: expected true or false", key));
  to = (*json_)[key].get<bool>();
  return {};
}

Answer<void> Members::read(const char* key, double& to) const {
  if (!has(key)) return {};
  if (!(*json_)[key].is_number()) return bad_request(fmt::format("{}: expected a number", key));
  to = (*json_)[key].get<double>();
  return {};
}

Answer<void> Members::read_number(const char* key, uint64_t& to, uint64_t least, uint64_t most) const {
  if (!has(key)) return {};
  const Json& value = (*json_)[key];
  if (!value.is_number_unsigned() || value.get<uint64_t>() < least || value.get<uint64_t>() > most) {
    return bad_request(fmt::format("{}: expected an integer from {} to {}", key, least, most));
  }
  to = value.get<uint64_t>();
  return {};
}

Answer<void> Members::read_position(const char* key, int& to) const {
  if (!has(key)) return {};
  const Json& value = (*json_)[key];
  const bool is_small =
      value.is_number_integer() && (value.is_number_unsigned() ? value.get<uint64_t>() <= kMostPositions
                                                               : value.get<int64_t>() >= -kMostPositions);
  if (!is_small) {
    return bad_request(
        fmt::format("{}: expected an integer from {} to {}", key, -kMostPositions, kMostPositions));
  }
  to = value.get<int>();
  return {};
}

Answer<void> Members::read(const char* key, std::vector<int>& to) const {
  if (!has(key)) return {};
  const Json& list = (*json_)[key];
  const auto is_id = [](const Json& item) {
    return item.is_number_unsigned() && item.get<uint64_t>() <= std::numeric_limits<int>::max();
  };
  if (!list.is_array() || list.empty() || !std::ranges::all_of(list, is_id)) {
    return bad_request(fmt::format("{}: expected a list of token ids", key));
  }
  to = list.get<std::vector<int>>();
  return {};
}

Answer<void> Members::read(const char* key, std::vector<std::string>& to, size_t most,
                           size_t most_bytes) const {
  if (!has(key)) return {};
  const Json& list = (*json_)[key];
  if (!list.is_array() || list.empty() || list.size() > most) {
    return bad_request(fmt::format("{}: expected a list of 1 to {} texts", key, most));
  }
  const auto is_text = [&](const Json& item) {
    return item.is_string() && !item.get_ref<const std::string&>().empty() &&
           item.get_ref<const std::string&>().size() <= most_bytes;
  };
  if (!std::ranges::all_of(list, is_text)) {
    return bad_request(fmt::format("{}: expected texts of 1 to {} bytes", key, most_bytes));
  }
  to = list.get<std::vector<std::string>>();
  return {};
}

}  // namespace limpid
