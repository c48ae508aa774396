// Who may ask: a page of another site must not reach a server on this machine through the browser of its
// user, and nobody without the token one that others can reach.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/failure.h"
#include "server/http.h"

namespace limpid {

struct SecurityOptions {
  std::string token = {};               // empty: none is asked for
  std::vector<std::string> hosts = {};  // names, beside localhost and IP addresses, that may stand in Host
};

/// The cookie that holds the token.
inline constexpr std::string_view kTokenCookie = "limpid_token";

/// Addresses that only this machine reaches: 127.0.0.0/8, ::1, localhost.
bool is_loopback(std::string_view host);

/// Whether the Host header is this server's own. Names can be made to lead here by anybody who owns a domain
/// (DNS rebinding); addresses cannot.
bool is_own_host(std::string_view host, const SecurityOptions& options);

/// Checks Host, Origin, Sec-Fetch-Site and the token, in this order. `is_api`: false for the page, which may
/// be reached by a link of another site.
std::optional<Failure> check_request(const HttpRequest& request, bool is_api, const SecurityOptions& options);

/// A request for the page with ?token=...: the response that puts it into a cookie and leads to the same page
/// without it. nullopt without, or with a wrong one.
std::optional<HttpResponse> log_in(const HttpRequest& request, const SecurityOptions& options);

/// What every response says: load nothing from elsewhere, be in nobody's frame.
void add_security_headers(HttpResponse& response);

/// Takes the same time wherever the two differ.
bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace limpid
