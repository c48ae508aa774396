#include "server/single_file.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "server/encoding.h"

namespace limpid {
namespace {

constexpr std::string_view kPage =
    "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\" />\n"
    "<link rel=\"icon\" type=\"image/svg+xml\" href=\"/icon.svg\" />\n"
    "<script type=\"module\" crossorigin src=\"/assets/a.js\"></script>\n"
    "<link rel=\"stylesheet\" crossorigin href=\"/assets/a.css\">\n</head>\n<body></body>\n</html>\n";
constexpr std::string_view kScript = "x=`<!---->`+'</script><script>'";
const std::vector<Asset> kFiles = {
    {"/index.html", "text/html; charset=utf-8", "", kPage, ""},
    {"/icon.svg", "image/svg+xml", "", "<svg/>", ""},
    {"/assets/a.js", "text/javascript; charset=utf-8", "", kScript, ""},
    {"/assets/a.css", "text/css; charset=utf-8", "", "a{src:url(/assets/f.woff2)}", ""},
    {"/assets/f.woff2", "font/woff2", "", "font", ""}};

size_t count(std::string_view text, std::string_view what) {
  size_t n = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++n;
  return n;
}

std::string between(std::string_view text, std::string_view begin, std::string_view end) {
  const size_t from = text.find(begin) + begin.size();
  return std::string(text.substr(from, text.find(end, from) - from));
}

TEST(SingleFile, HoldsAllThatThePageLoads) {
  const auto file = single_file(kFiles, "{}");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(count(*file, "src=\""), 0u);
  EXPECT_EQ(count(*file, "/assets/"), 0u);
  EXPECT_EQ(count(*file, "href=\"data:image/svg+xml;base64,PHN2Zy8+\""), 1u);
  EXPECT_EQ(count(*file, "<style>a{src:url(data:font/woff2;base64,Zm9udA==)}</style>"), 1u);
}

TEST(SingleFile, NothingEndsTheScriptEarly) {
  const auto file = single_file(kFiles, "{}");
  ASSERT_TRUE(file.has_value());
  const std::string script = between(*file, "<script type=\"module\">", "</script>");
  EXPECT_EQ(script, "x=`\\x3c!---->`+'\\x3c/script>\\x3cscript>'");
  // The policy allows this one, and comes before it.
  const std::string policy = "script-src 'sha256-" + sha256_base64(script) + "';";
  EXPECT_LT(file->find(policy), file->find("<script"));
  EXPECT_EQ(count(*file, "default-src 'none'"), 1u);
}

TEST(SingleFile, DataIsNothingButData) {
  for (const std::string_view data :
       {"{\"a\":\"</script><script>alert(1)</script>\"}", "\"<!--<script>\"", "\"\u2028\xff\"", ""}) {
    const auto file = single_file(kFiles, data);
    ASSERT_TRUE(file.has_value());
    EXPECT_EQ(count(*file, "alert"), 0u);
    EXPECT_EQ(count(*file, "<script"), 2u);
    EXPECT_EQ(count(*file, "</script"), 2u);
    const std::string element = between(*file, "id=\"limpid-data\">", "<");
    EXPECT_EQ(element, base64(gzip(data, 9).value()));
    EXPECT_TRUE(std::ranges::all_of(element, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
             c == '/' || c == '=';
    }));
  }
}

TEST(SingleFile, NeedsTheWebApp) {
  const auto file = single_file({}, "{}");
  ASSERT_FALSE(file.has_value());
  EXPECT_EQ(file.error().code, ErrorCode::kUnsupported);
}

TEST(SingleFile, TheAppOfThisBuildFits) {
  if (assets().empty()) GTEST_SKIP() << "a build without the web app";
  const auto file = single_file(assets(), "{}");
  ASSERT_TRUE(file.has_value());
  EXPECT_EQ(count(*file, "/assets/"), 0u);
  EXPECT_EQ(count(*file, "<script"), 2u);
}

}  // namespace
}  // namespace limpid
