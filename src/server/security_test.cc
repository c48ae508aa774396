#include "server/security.h"

#include <algorithm>
#include <gtest/gtest.h>

namespace limpid {
namespace {

constexpr const char* kToken = "0123456789abcdef";

HttpRequest request(std::multimap<std::string, std::string, std::less<>> headers) {
  HttpRequest out{.method = "GET", .path = "/api/v1/config", .query = ""};
  out.headers = std::move(headers);
  return out;
}

TEST(Security, HostsThatAreOurs) {
  const SecurityOptions options{.hosts = {"Models.Example.org"}};
  for (const char* host : {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:7860", "[::1]", "[::1]:7860",
                           "192.168.1.7:1", "models.example.org", "models.example.org:443"}) {
    EXPECT_TRUE(is_own_host(host, options)) << host;
  }
  for (const char* host : {"",
                           ":",
                           "evil.com",
                           "localhost.evil.com",
                           "evil.com:7860",
                           "127.0.0.1.evil.com",
                           "localhost:",
                           "localhost:x",
                           "localhost:1:2",
                           "localhost:123456",
                           "[::1",
                           "[::1]x",
                           "[localhost.evil.com]",
                           "127.0.0.1@evil.com",
                           "localhost ",
                           "localhost/",
                           "example.org",
                           "0x7f.1",
                           "2130706433",
                           "localhost\t"}) {
    EXPECT_FALSE(is_own_host(host, options)) << host;
  }
}

TEST(Security, LoopbackAddresses) {
  for (const char* host : {"127.0.0.1", "127.9.8.7", "localhost", "::1", "LocalHost"})
    EXPECT_TRUE(is_loopback(host));
  for (const char* host : {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "example.org", "", "1270.0.0.1"}) {
    EXPECT_FALSE(is_loopback(host)) << host;
  }
}

struct Case {
  const char* name;
  std::multimap<std::string, std::string, std::less<>> headers;
  int status;  // 0: passes
};

TEST(Security, Requests) {
  const std::string bearer = std::string("Bearer ") + kToken;
  const std::string cookie = std::string("a=b; limpid_token=") + kToken + "; c=d";
  const std::vector<Case> open = {
      {"plain", {{"host", "localhost:1"}}, 0},
      {"no host", {}, 403},
      {"two hosts", {{"host", "localhost"}, {"host", "localhost"}}, 403},
      {"another host", {{"host", "evil.com"}}, 403},
      {"own origin", {{"host", "localhost:1"}, {"origin", "http://localhost:1"}}, 0},
      {"behind TLS", {{"host", "localhost:1"}, {"origin", "https://localhost:1"}}, 0},
      {"another port", {{"host", "localhost:1"}, {"origin", "http://localhost:2"}}, 403},
      {"another origin", {{"host", "localhost:1"}, {"origin", "http://evil.com"}}, 403},
      {"origin of a file", {{"host", "localhost:1"}, {"origin", "null"}}, 403},
      {"empty origin", {{"host", "localhost:1"}, {"origin", ""}}, 403},
      {"other scheme", {{"host", "localhost:1"}, {"origin", "ftp://localhost:1"}}, 403},
      {"prefix", {{"host", "localhost:1"}, {"origin", "http://localhost:1.evil.com"}}, 403},
      {"same site", {{"host", "localhost:1"}, {"sec-fetch-site", "same-site"}}, 403},
      {"cross site", {{"host", "localhost:1"}, {"sec-fetch-site", "cross-site"}}, 403},
      {"same origin", {{"host", "localhost:1"}, {"sec-fetch-site", "same-origin"}}, 0},
      {"typed", {{"host", "localhost:1"}, {"sec-fetch-site", "none"}}, 0}};
  const std::vector<Case> guarded = {
      {"without", {{"host", "localhost"}}, 401},
      {"bearer", {{"host", "localhost"}, {"authorization", bearer}}, 0},
      {"another case", {{"host", "localhost"}, {"authorization", std::string("bEARER ") + kToken}}, 0},
      {"wrong", {{"host", "localhost"}, {"authorization", bearer + "x"}}, 401},
      {"empty", {{"host", "localhost"}, {"authorization", "Bearer "}}, 401},
      {"basic", {{"host", "localhost"}, {"authorization", std::string("Basic ") + kToken}}, 401},
      {"cookie", {{"host", "localhost"}, {"cookie", cookie}}, 0},
      {"no such cookie", {{"host", "localhost"}, {"cookie", std::string("xlimpid_token=") + kToken}}, 401},
      {"cookie cut", {{"host", "localhost"}, {"cookie", "limpid_token=0123456789abcde"}}, 401},
      {"empty cookie", {{"host", "localhost"}, {"cookie", "limpid_token="}}, 401},
      {"a wrong bearer with a right cookie",
       {{"host", "localhost"}, {"authorization", "Bearer x"}, {"cookie", cookie}},
       401},
      {"rebound", {{"host", "evil.com"}, {"authorization", bearer}}, 403}};
  for (const auto& [cases, options] :
       {std::pair(open, SecurityOptions{}), std::pair(guarded, SecurityOptions{.token = kToken})}) {
    for (const Case& c : cases) {
      const auto failure = check_request(request(c.headers), true, options);
      EXPECT_EQ(failure ? failure->status : 0, c.status) << c.name;
    }
  }
}

TEST(Security, ThePageMayBeReachedByALink) {
  HttpRequest link = request({{"host", "localhost:1"}, {"sec-fetch-site", "cross-site"}});
  EXPECT_FALSE(check_request(link, false, {}));
}

TEST(Security, TheTokenMovesFromTheAddressIntoACookie) {
  const SecurityOptions options{.token = kToken};
  HttpRequest page{.method = "GET", .path = "/", .query = std::string("a=1&token=") + kToken + "&b=%20"};
  const auto response = log_in(page, options);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 303);
  const auto header = [&](std::string_view name) {
    const auto it =
        std::ranges::find(response->headers, name, [](const auto& h) { return std::string_view(h.first); });
    return it == response->headers.end() ? std::string() : it->second;
  };
  EXPECT_EQ(header("Location"), "/?a=1&b=%20");
  EXPECT_EQ(header("Set-Cookie"),
            std::string("limpid_token=") + kToken + "; Path=/; HttpOnly; SameSite=Strict");
  page.query = "token=0123456789abcdeX";
  EXPECT_FALSE(log_in(page, options));
  page.query = std::string("xtoken=") + kToken;
  EXPECT_FALSE(log_in(page, options));
  page.query = std::string("token=") + kToken;
  page.path = "//evil.com/";  // would lead elsewhere
  EXPECT_FALSE(log_in(page, options));
  EXPECT_FALSE(log_in(page, {}));
}

TEST(Security, SecretsAreEqualOnlyWhole) {
  EXPECT_TRUE(equal_secrets("abc", "abc"));
  EXPECT_TRUE(equal_secrets("", ""));
  for (const char* other : {"", "a", "ab", "abcd", "abcabc", "xbc", "abx"}) {
    EXPECT_FALSE(equal_secrets("abc", other)) << other;
    EXPECT_FALSE(equal_secrets(other, "abc")) << other;
  }
}

}  // namespace
}  // namespace limpid
