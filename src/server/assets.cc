#include "server/assets.h"

#include <algorithm>

#include "server/compression.h"

namespace limpid {

namespace {

constexpr std::string_view kPage = "/index.html";
/// Names with a hash of their content, which never change.
constexpr std::string_view kHashed = "/assets/";

HttpResponse text(int status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

}  // namespace

HttpResponse serve_asset(const HttpRequest& request, std::span<const Asset> files) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = text(405, "Only GET is meant here.\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  const bool is_page = request.path.find('.') == request.path.npos;
  const std::string_view path = is_page ? kPage : std::string_view(request.path);
  const auto file = std::ranges::find(files, path, &Asset::path);
  if (file == files.end()) {
    return text(404, files.empty() ? "This build has no web app; the interface is at /api/v1/openapi.json.\n"
                                   : "There is no such file.\n");
  }
  HttpResponse response{.content_type = std::string(file->content_type)};
  response.headers = {
      {"ETag", std::string(file->etag)},
      {"Vary", "Accept-Encoding"},
      {"Cache-Control", path.starts_with(kHashed) ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (request.header("if-none-match") == file->etag) {
    response.status = 304;
    return response;
  }
  const bool gzip = !file->gzip.empty() && takes_gzip(request.header("accept-encoding"));
  if (gzip) response.headers.emplace_back("Content-Encoding", "gzip");
  response.body = gzip ? file->gzip : file->content;
  return response;
}

}  // namespace limpid
