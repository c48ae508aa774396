#include "server/router.h"

#include <algorithm>
#include <exception>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <new>
#include <set>

#include "server/handlers/handlers.h"
#include "server/json_answers.h"
#include "server/query.h"

namespace limpid {

namespace {

struct Address {
  std::string_view method;
  std::string_view pattern;  // below kApi; "*" is any one part
  Handler handler;
};

constexpr Address kAddresses[] = {{"GET", "/healthz", get_health},
                                  {"GET", "/openapi.json", get_openapi},
                                  {"GET", "/config", get_config},
                                  {"GET", "/status", get_status},
                                  {"GET", "/models", list_models},
                                  {"GET", "/models/*", get_model},
                                  {"POST", "/models/*/tokenize", tokenize},
                                  {"GET", "/models/*/heads", get_heads},
                                  {"POST", "/models/*/open", start_opening},
                                  {"GET", "/models/*/open", get_opening},
                                  {"DELETE", "/models/*/open", cancel_opening},
                                  {"GET", "/models/*/open/events", watch_opening},
                                  {"POST", "/traces", create_trace},
                                  {"GET", "/traces/*", get_trace},
                                  {"DELETE", "/traces/*", cancel_trace},
                                  {"GET", "/traces/*/events", watch_trace},
                                  {"GET", "/traces/*/route", get_route},
                                  {"GET", "/traces/*/shares", get_shares},
                                  {"GET", "/traces/*/inspect", get_inspection},
                                  {"GET", "/traces/*/lens", get_lens},
                                  {"GET", "/traces/*/attention", get_attention},
                                  {"POST", "/traces/*/patch", patch},
                                  {"POST", "/traces/*/sweep", sweep},
                                  {"GET", "/traces/*/figure.svg", get_figure},
                                  {"POST", "/generate", generate}};

/// What stands in the places of a pattern; nullopt when the path is another.
std::optional<std::vector<std::string_view>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = split(pattern, '/'), found = split(path, '/');
  if (wanted.size() != found.size()) return std::nullopt;
  std::vector<std::string_view> places;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == "*" && !found[i].empty()) {
      places.push_back(found[i]);
    } else if (wanted[i] != found[i]) {
      return std::nullopt;
    }
  }
  return places;
}

std::string_view below_api(std::string_view path) {
  return path.substr(kApi.size());
}

Answer<HttpResponse> dispatch(App& app, const HttpRequest& request) {
  const std::string_view path = below_api(request.path);
  const std::string_view method =
      request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  for (const Address& address : kAddresses) {
    const auto places = match(address.pattern, path);
    if (!places) continue;
    if (address.method != method) continue;
    Call call{request, {}};
    for (const std::string_view place : *places) {
      const auto decoded = decode_percent(place, Plus::kIsPlus);
      if (!decoded) return bad_request("path: expected percent-encoded UTF-8, found something else");
      call.path.push_back(*decoded);
    }
    return address.handler(app, call);
  }
  const std::string allowed = allowed_methods(request.path);
  if (allowed.empty())
    return failure(404, "not_found", "there is nothing at this address", "see /api/v1/openapi.json");
  return refused_method(allowed);
}

}  // namespace

bool is_api(std::string_view path) {
  return path == "/api" || path.starts_with("/api/");
}

std::string allowed_methods(std::string_view path) {
  if (!path.starts_with(kApi)) return "";
  std::set<std::string_view> methods;
  for (const Address& address : kAddresses) {
    if (!match(address.pattern, below_api(path))) continue;
    methods.insert(address.method);
    if (address.method == "GET") methods.insert("HEAD");
  }
  return fmt::format("{}", fmt::join(methods, ", "));
}

HttpResponse refused_method(const std::string& allowed) {
  HttpResponse response =
      json(error_json({405, "method", fmt::format("expected one of the methods {}", allowed)}), 405);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

HttpResponse route(App& app, const HttpRequest& request) {
  const auto failed = [](const Failure& failure) { return json(error_json(failure), failure.status); };
  if (!request.path.starts_with(kApi))
    return failed({404, "not_found", "there is nothing at this address", "see /api/v1/openapi.json"});
  try {
    Answer<HttpResponse> answer = dispatch(app, request);
    return answer ? *std::move(answer) : failed(answer.error());
  } catch (const std::bad_alloc&) {
    return failed({503, "out_of_memory", "not enough memory for this request"});
  } catch (const std::exception& error) {
    return failed({500, "internal", fmt::format("internal error: {}", error.what()), "please report this"});
  }
}

}  // namespace limpid
