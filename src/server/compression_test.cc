#include "server/compression.h"

#include <gtest/gtest.h>
#include <string>
#include <zlib.h>

namespace limpid {
namespace {

std::string unzip(const std::string& data) {
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Compression, AsTheClientSays) {
  for (const char* yes : {"gzip", "gzip, deflate, br", "br;q=1.0, gzip;q=0.5", "deflate,GZIP", "gzip; q=1"}) {
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  }
  for (const char* no : {"", "br", "gzip;q=0", "gzip; q=0.0", "x-gzip2", "identity", "agzip", "gzip;q=x"}) {
    EXPECT_FALSE(takes_gzip(no)) << no;
  }
}

TEST(Compression, OfTextsThatAreWorthIt) {
  const std::string text(5000, 'x');
  const auto compressed = [](HttpResponse response, const char* accepted) {
    compress({.method = "GET", .path = "/", .query = "", .headers = {{"accept-encoding", accepted}}},
             response);
    return response;
  };
  const HttpResponse json = compressed({.body = text}, "gzip");
  EXPECT_LT(json.body.size(), 200u);
  EXPECT_EQ(unzip(json.body), text);
  EXPECT_EQ(json.headers.back(), (std::pair<std::string, std::string>("Content-Encoding", "gzip")));
  EXPECT_EQ(unzip(compressed({.content_type = "image/svg+xml", .body = text}, "gzip").body), text);
  EXPECT_EQ(compressed({.body = text}, "br").body, text);
  EXPECT_EQ(compressed({.body = "{}"}, "gzip").body, "{}");
  EXPECT_EQ(compressed({.content_type = "application/octet-stream", .body = text}, "gzip").body, text);
}

}  // namespace
}  // namespace limpid
