// A JSON object from outside, read member by member. Errors: 400, naming the member and what is expected.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/failure.h"

namespace limpid {

/// A member that is absent leaves its target as it is.
class Members {
  using Json = nlohmann::json;

 public:
  /// Errors: what is no object, and a member that is not `known`.
  static Answer<Members> parse(std::string_view text, const std::vector<std::string_view>& known);

  bool has(const char* key) const;

  Answer<void> read(const char* key, std::string& to) const;
  Answer<void> read(const char* key, bool& to) const;
  Answer<void> read(const char* key, double& to) const;
  template <std::integral T>
  Answer<void> read(const char* key, T& to, uint64_t least, uint64_t most) const {
    auto number = static_cast<uint64_t>(to);
    Answer<void> answer = read_number(key, number, least, most);
    if (answer) to = static_cast<T>(number);
    return answer;
  }
  /// A token's position, which may count from the end.
  Answer<void> read_position(const char* key, int& to) const;
  /// Token ids, at least one.
  Answer<void> read(const char* key, std::vector<int>& to) const;
  /// At least one text, each of 1 to `most_bytes` bytes.
  Answer<void> read(const char* key, std::vector<std::string>& to, size_t most, size_t most_bytes) const;

 private:
  explicit Members(std::shared_ptr<const Json> json) : json_(std::move(json)) {}

  Answer<void> read_number(const char* key, uint64_t& to, uint64_t least, uint64_t most) const;

  std::shared_ptr<const Json> json_;
};

}  // namespace limpid
