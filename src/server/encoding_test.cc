#include "server/encoding.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(Encoding, Base64) {
  // RFC 4648, section 10.
  for (const auto& [bytes, text] :
       std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                  {"f", "Zg=="},
                                                                  {"fo", "Zm8="},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg=="},
                                                                  {"fooba", "Zm9vYmE="},
                                                                  {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64(bytes), text);
  }
  EXPECT_EQ(base64(std::string_view("\0\xff\xfb", 3)), "AP/7");
}

TEST(Encoding, GzipTellsNoTime) {
  const std::string packed = gzip(std::string(1000, 'a'), 9).value();
  EXPECT_LT(packed.size(), 50u);
  EXPECT_EQ(packed.substr(0, 3), "\x1f\x8b\x08");
  EXPECT_EQ(packed.substr(4, 4), std::string(4, '\0'));
}

TEST(Encoding, Sha256) {
  // FIPS 180-2, appendix B.1.
  EXPECT_EQ(sha256_base64("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

}  // namespace
}  // namespace limpid
