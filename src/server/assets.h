// Files that are part of the program: the web app, and the description of the interface.
#pragma once

#include <span>
#include <string_view>

#include "server/http.h"

namespace limpid {

struct Asset {
  std::string_view path;  // "/index.html"
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::string_view content;
  std::string_view gzip;  // the same, compressed; empty where that is no smaller
};

/// Of the web app. A build writes them (cmake/LimpidAssets.cmake).
std::span<const Asset> assets();
/// openapi.json with the schemas that it refers to.
std::string_view openapi_document();

/// The file at a path that is found among the assets: nothing is looked up on disk. "/" and paths without a
/// dot are the page, which reads its state from the address. 404 for others.
HttpResponse serve_asset(const HttpRequest& request, std::span<const Asset> files);

}  // namespace limpid
