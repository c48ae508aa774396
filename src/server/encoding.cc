#include "server/encoding.h"

#include <cstdint>
#include <zlib.h>

#include "api/sha256.h"
#include "base/check.h"

namespace limpid {

namespace {

int digit(char hex) {
  return hex <= '9' ? hex - '0' : hex - 'a' + 10;
}

}  // namespace

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) text += k <= n ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::optional<std::string> gzip(std::string_view bytes, int level) {
  constexpr int kGzip = 16;
  z_stream stream = {};
  if (bytes.size() > UINT32_MAX) return std::nullopt;
  if (deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + kGzip, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    return std::nullopt;
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  // zlib reads through a pointer to non-const, and writes nothing there.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string sha256_base64(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  const std::string hex = hash.hex();
  std::string digest;
  for (size_t i = 0; i < hex.size(); i += 2)
    digest += static_cast<char>(digit(hex[i]) << 4 | digit(hex[i + 1]));
  return base64(digest);
}

}  // namespace limpid
