#include "server/server.h"

#include <algorithm>
#include <fmt/format.h>

#include "server/app.h"
#include "server/assets.h"
#include "server/compression.h"
#include "server/http_server.h"
#include "server/json_answers.h"
#include "server/router.h"
#include "server/security.h"

#include "api/runtime.h"
#include "base/available_memory.h"

namespace limpid {

namespace {

constexpr size_t kMostOpenModels = 2;
constexpr size_t kLargestDefaultCache = size_t{1} << 30;
constexpr size_t kShortRequests = 32;  // connections beside those that wait or stream

HttpResponse failed(const Failure& failure) {
  return json(error_json(failure), failure.status);
}

HttpResponse malformed(int status) {
  switch (status) {
    case 408:
      return failed({408, "timeout", "the request did not arrive in time"});
    case 413:
      return failed(
          {413, "too_large",
           fmt::format("body: expected at most {} bytes, found more", HttpLimits().max_body_bytes)});
    case 431:
      return failed(
          {431, "too_large",
           fmt::format("headers: expected at most {} bytes, found more", HttpLimits().max_header_bytes)});
    case 500:
      return failed({500, "internal", "internal error", "please report this"});
    default:
      return failed(
          {400, "invalid_argument", "expected a request of HTTP/1.1, found something else",
           "a body has a Content-Length, is neither chunked nor compressed, and belongs to a POST"});
  }
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerConfig& config, std::vector<AllowedModel> models, size_t cache_bytes,
       ModelPool::Options pool)
      : security_{config.token, config.hosts},
        app_(config, std::move(models), cache_bytes, std::move(pool)) {}

  ~Impl() { app_.jobs.stop(); }  // so that handlers end, which the end of http_ waits for

  Status listen() {
    const ServerConfig& config = app_.config;
    HttpLimits limits;
    limits.n_connection = config.max_waiting + config.computations + config.max_streams + kShortRequests;
    HttpHandlers handlers;
    handlers.refuse = [this](const HttpRequest& request) { return secured(refuse(request)); };
    handlers.handle = [this](const HttpRequest& request) { return *secured(handle(request)); };
    handlers.malformed = [](int status) { return *secured(limpid::malformed(status)); };
    LIMPID_TRY(http_, HttpServer::start(config.host, config.port, limits, std::move(handlers)));
    return {};
  }

  App& app() { return app_; }
  int port() const { return http_->port(); }
  bool stop(std::chrono::milliseconds patience) {
    app_.jobs.stop();
    if (!app_.jobs.wait_idle(patience)) return false;
    http_->stop();
    return true;
  }

 private:
  static std::optional<HttpResponse> secured(std::optional<HttpResponse> response) {
    if (!response) return response;
    add_security_headers(*response);
    if (std::ranges::none_of(response->headers, [](const auto& h) { return h.first == "Cache-Control"; })) {
      response->headers.emplace_back("Cache-Control", "no-store");
    }
    return response;
  }

  std::optional<HttpResponse> refuse(const HttpRequest& request) const {
    const bool api = is_api(request.path);
    std::optional<Failure> failure = check_request(request, api, security_);
    if (failure && failure->status == 401) {
      if (request.path == std::string(kApi) + "/healthz") return std::nullopt;
      if (!api) {
        if (std::optional<HttpResponse> response = log_in(request, security_)) return response;
      }
    }
    if (!failure && request.method != "GET" && request.method != "HEAD" && request.method != "POST" &&
        request.method != "DELETE") {
      failure = Failure(405, "method", "expected the method GET, POST or DELETE");
    }
    if (!failure && request.method == "POST" && !is_json(request.header("content-type"))) {
      failure = Failure(400, "invalid_argument", "Content-Type: expected application/json, found another");
    }
    if (failure) return failed(*failure);
    return std::nullopt;
  }

  static bool is_json(std::string_view content_type) {
    return content_type.substr(0, content_type.find(';')) == "application/json";
  }

  HttpResponse handle(const HttpRequest& request) {
    if (is_api(request.path)) {
      HttpResponse response = route(app_, request);
      compress(request, response);
      return response;
    }
    return serve_asset(request, assets());
  }

  const SecurityOptions security_;
  App app_;
  std::unique_ptr<HttpServer> http_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const ServerConfig& config) {
  LIMPID_CHECK_OK(check_config(config));
  LIMPID_TRY(std::vector<AllowedModel> models, ModelPool::allowed(config));
  set_runtime_threads(config.threads);
  const size_t memory = config.memory_bytes > 0 ? config.memory_bytes : available_memory() / 10 * 9;
  const size_t cache =
      config.cache_bytes > 0 ? config.cache_bytes : std::min(memory / 4, kLargestDefaultCache);
  ModelPool::Options pool;
  pool.max_open = std::min(models.size(), kMostOpenModels);
  pool.open.backend = config.backend;
  pool.open.memory = std::max<size_t>(1, (memory - std::min(cache, memory)) / pool.max_open);
  auto impl = std::make_unique<Impl>(config, std::move(models), cache, std::move(pool));
  if (const auto opened = impl->app().models.open(""); !opened) {
    const Failure& failure = opened.error();
    return fail(ErrorCode::kInvalidArgument, failure.message, failure.hint);
  }
  LIMPID_CHECK_OK(impl->listen());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::string Server::url() const {
  const ServerConfig& config = impl_->app().config;
  const bool v6 = config.host.find(':') != std::string::npos;
  std::string url =
      fmt::format("http://{}{}{}:{}/", v6 ? "[" : "", config.host, v6 ? "]" : "", impl_->port());
  if (!config.token.empty()) url += "?token=" + config.token;
  return url;
}

std::vector<std::string> Server::model_names() const {
  std::vector<std::string> names;
  for (const AllowedModel& model : impl_->app().models.models()) names.push_back(model.name);
  return names;
}

bool Server::stop(std::chrono::milliseconds patience) {
  return impl_->stop(patience);
}

}  // namespace limpid
