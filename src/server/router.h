// From an address to its handler.
#pragma once

#include "server/app.h"

namespace limpid {

inline constexpr std::string_view kApi = "/api/v1";

/// Whether the path belongs to the interface rather than to the page.
bool is_api(std::string_view path);

/// The answer to a request of the interface; a failure is one with its status. 404 for an unknown address,
/// 405 for another method.
HttpResponse route(App& app, const HttpRequest& request);

/// The methods of an address, as the header Allow names them; empty where there is nothing.
std::string allowed_methods(std::string_view path);
/// 405
HttpResponse refused_method(const std::string& allowed);

}  // namespace limpid
