// Bytes as text, and smaller.
#pragma once

#include <string>
#include <string_view>

namespace limpid {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);
/// RFC 1952. The same bytes give the same: no name, no time.
std::string gzip(std::string_view bytes);
/// The base64 form of the SHA-256 digest, as Content-Security-Policy names a script.
std::string sha256_base64(std::string_view bytes);

}  // namespace limpid
