#include "server/assets.h"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

namespace limpid {
namespace {

constexpr std::array<Asset, 2> kFiles = {
    {{"/index.html", "text/html", "\"1\"", "<p>", ""},
     {"/assets/a.js", "text/javascript", "\"2\"", "long code", "short"}}};

HttpResponse get(std::string path, std::multimap<std::string, std::string, std::less<>> headers = {},
                 std::string method = "GET") {
  HttpRequest request{.method = std::move(method), .path = std::move(path), .query = ""};
  request.headers = std::move(headers);
  return serve_asset(request, kFiles);
}

std::string header(const HttpResponse& response, std::string_view name) {
  const auto it =
      std::ranges::find(response.headers, name, [](const auto& h) { return std::string_view(h.first); });
  return it == response.headers.end() ? std::string() : it->second;
}

TEST(Assets, FilesAndThePage) {
  for (const char* path : {"/", "/index.html", "/some/view"}) {
    const HttpResponse page = get(path);
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_EQ(page.body, "<p>");
    EXPECT_EQ(page.content_type, "text/html");
    EXPECT_EQ(header(page, "ETag"), "\"1\"");
    EXPECT_EQ(header(page, "Cache-Control"), "no-cache");
  }
  const HttpResponse code = get("/assets/a.js");
  EXPECT_EQ(code.body, "long code");
  EXPECT_NE(header(code, "Cache-Control").find("immutable"), std::string::npos);
}

TEST(Assets, NothingElse) {
  for (const char* path :
       {"/a.js", "/assets/../index.html", "/../etc/passwd.txt", "/assets/a.js/", "/%69ndex.html"}) {
    EXPECT_EQ(get(path).status, 404) << path;
  }
  EXPECT_EQ(get("/", {}, "POST").status, 405);
  HttpRequest request{.method = "GET", .path = "/", .query = ""};
  EXPECT_EQ(serve_asset(request, {}).status, 404);
}

TEST(Assets, CompressedWhereTheClientTakesIt) {
  const HttpResponse code = get("/assets/a.js", {{"accept-encoding", "br, gzip"}});
  EXPECT_EQ(code.body, "short");
  EXPECT_EQ(header(code, "Content-Encoding"), "gzip");
  EXPECT_EQ(get("/assets/a.js", {{"accept-encoding", "br"}}).body, "long code");
  EXPECT_EQ(get("/assets/a.js", {{"accept-encoding", "gzip;q=0"}}).body, "long code");
  EXPECT_EQ(get("/", {{"accept-encoding", "gzip"}}).body, "<p>");  // no smaller form
}

TEST(Assets, UnchangedOnesAreNotSentAgain) {
  const HttpResponse same = get("/assets/a.js", {{"if-none-match", "\"2\""}});
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  EXPECT_EQ(get("/assets/a.js", {{"if-none-match", "\"1\""}}).status, 200);
}

TEST(Assets, ThoseOfThisBuild) {
  EXPECT_EQ(openapi_document().substr(0, 12), "{\"openapi\":\"");
  const auto files = assets();
  EXPECT_NE(std::ranges::find(files, "/index.html", &Asset::path), files.end());
}

}  // namespace
}  // namespace limpid
