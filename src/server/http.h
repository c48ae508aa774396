// Requests and responses as values: what handlers see of HTTP.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace limpid {

struct HttpLimits {
  size_t max_header_bytes = 32 << 10;
  size_t max_body_bytes = 1 << 20;
  size_t n_connection = 96;                  // served at a time; others wait
  size_t n_idle = 512;                       // beside these; then those go that are idle for longest
  std::chrono::milliseconds idle{5000};      // between requests
  std::chrono::milliseconds request{10000};  // from a request's first byte to its last
  std::chrono::milliseconds write{10000};    // without any progress
};

struct HttpRequest {
  std::string method;
  std::string path;   // as sent: percent-encoded, without the query
  std::string query;  // as sent, without the question mark
  std::multimap<std::string, std::string, std::less<>> headers = {};  // names in lower case
  std::string body = {};
  /// Whether nobody waits for the answer any more.
  std::function<bool()> is_gone = [] { return false; };

  /// The first of that name (in lower case); "" without one.
  std::string_view header(std::string_view name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? std::string_view() : it->second;
  }
};

/// Sends a piece of a stream; false once the client is gone.
using HttpWriter = std::function<bool(std::string_view)>;
/// Writes until it returns.
using HttpStream = std::function<void(const HttpWriter&)>;

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  HttpStream stream = {};  // instead of a body
};

}  // namespace limpid
