#include "server/security.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdint>

#include "server/query.h"

namespace limpid {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// "localhost" of "localhost:7860", "::1" of "[::1]:7860"; nullopt for what is no host and port.
std::optional<std::string> host_name(std::string_view host) {
  std::string_view name = host, port;
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == host.npos) return std::nullopt;
    name = host.substr(1, end - 1);
    port = host.substr(end + 1);
  } else if (const size_t colon = host.find(':'); colon != host.npos) {
    name = host.substr(0, colon);
    port = host.substr(colon);
  }
  const bool is_port = port.empty() || (port.size() >= 2 && port.size() <= 6 && port.front() == ':' &&
                                        port.find_first_not_of("0123456789", 1) == port.npos);
  if (name.empty() || !is_port) return std::nullopt;
  return lower(name);
}

bool is_address(const std::string& name) {
  in6_addr address;
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
}

/// The value of a cookie; "" without it.
std::string_view cookie(std::string_view cookies, std::string_view name) {
  while (!cookies.empty()) {
    const size_t end = std::min(cookies.find(';'), cookies.size());
    std::string_view one = cookies.substr(0, end);
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
    cookies.remove_prefix(std::min(end + 1, cookies.size()));
  }
  return {};
}

bool has_token(const HttpRequest& request, std::string_view token) {
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view authorization = request.header("authorization");
  if (lower(authorization.substr(0, kBearer.size())) == kBearer) {
    return equal_secrets(authorization.substr(kBearer.size()), token);
  }
  return equal_secrets(cookie(request.header("cookie"), kTokenCookie), token);
}

Failure forbidden(std::string message, std::string hint) {
  return {403, "forbidden", std::move(message), std::move(hint)};
}

}  // namespace

bool equal_secrets(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (size_t i = 0; i < a.size(); ++i) {
    const char other = b.empty() ? '\0' : b[i % b.size()];
    difference |= static_cast<unsigned char>(a[i] ^ other);
  }
  return difference == 0;
}

bool is_loopback(std::string_view host) {
  const std::string name = lower(host);
  in_addr address;
  if (::inet_pton(AF_INET, name.c_str(), &address) == 1) return (ntohl(address.s_addr) >> 24) == 127;
  return name == "localhost" || name == "::1";
}

bool is_own_host(std::string_view host, const SecurityOptions& options) {
  const std::optional<std::string> name = host_name(host);
  if (!name) return false;
  return *name == "localhost" || is_address(*name) ||
         std::ranges::any_of(options.hosts, [&](const std::string& own) { return lower(own) == *name; });
}

std::optional<Failure> check_request(const HttpRequest& request, bool is_api,
                                     const SecurityOptions& options) {
  const std::string_view host = request.header("host");
  if (request.headers.count("host") != 1 || !is_own_host(host, options)) {
    return forbidden("Host: expected this server's own address, found another",
                     "a name of its own is allowed by `hosts` in the configuration");
  }
  if (const size_t n = request.headers.count("origin"); n > 0) {
    const std::string origin = lower(request.header("origin"));
    if (n > 1 || (origin != "http://" + lower(host) && origin != "https://" + lower(host))) {
      return forbidden("Origin: expected this server's own, found another",
                       "pages of other sites may not ask");
    }
  }
  const std::string_view site = request.header("sec-fetch-site");
  if (is_api && !site.empty() && site != "same-origin" && site != "none") {
    return forbidden("Sec-Fetch-Site: expected same-origin, found another",
                     "pages of other sites may not ask");
  }
  if (!options.token.empty() && !has_token(request, options.token)) {
    return Failure(401, "unauthorized", "a token is needed, and was not given or is wrong",
                   "open the address with ?token=... that was printed when the server was started, or send "
                   "Authorization: Bearer");
  }
  return std::nullopt;
}

std::optional<HttpResponse> log_in(const HttpRequest& request, const SecurityOptions& options) {
  if (options.token.empty() || request.path.starts_with("//")) return std::nullopt;
  std::string rest;
  bool found = false;
  for (const std::string_view part : split(request.query, '&')) {
    constexpr std::string_view kName = "token=";
    if (part.starts_with(kName)) {
      const auto value = decode_percent(part.substr(kName.size()), Plus::kIsBlank);
      found = found || (value && equal_secrets(*value, options.token));
    } else if (!part.empty()) {
      rest += (rest.empty() ? "?" : "&") + std::string(part);
    }
  }
  if (!found) return std::nullopt;
  HttpResponse response{.status = 303, .content_type = "text/plain; charset=utf-8", .body = "Welcome.\n"};
  response.headers = {{"Location", request.path + rest},
                      {"Set-Cookie", std::string(kTokenCookie) + "=" + options.token +
                                         "; Path=/; HttpOnly; SameSite=Strict"}};
  return response;
}

void add_security_headers(HttpResponse& response) {
  static constexpr std::pair<const char*, const char*> kHeaders[] = {
      {"Content-Security-Policy",
       "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
       "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "no-referrer"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"}};
  for (const auto& [name, value] : kHeaders) response.headers.emplace_back(name, value);
}

}  // namespace limpid
