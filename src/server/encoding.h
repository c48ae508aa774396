// Bytes as text, and smaller.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace limpid {

/// RFC 4648, with padding.
std::string base64(std::string_view bytes);
/// RFC 1952; level 1 (fast) to 9 (small). The same bytes give the same: no name, no time. nullopt without the
/// memory that it takes, and for 4 GiB or more.
std::optional<std::string> gzip(std::string_view bytes, int level);
/// The base64 form of the SHA-256 digest, as Content-Security-Policy names a script.
std::string sha256_base64(std::string_view bytes);

}  // namespace limpid
