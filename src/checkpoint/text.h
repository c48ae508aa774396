// Names and bytes from files, made safe to print, and the shape of errors about damaged files.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace limpid {

bool is_utf8(std::string_view text);

/// 'text' in quotes for a message: valid UTF-8 without control characters (other bytes as \xNN), and at most
/// about 80 bytes long.
std::string quote(std::string_view text);

/// What a file that starts with `bytes` seems to be: "a Git LFS pointer", "an HTML page", or its first bytes.
std::string describe_start(std::span<const std::byte> bytes);

/// kCorrupt: "origin: what", with the hint that fits nearly every damaged file.
tl::unexpected<Error> corrupt(std::string_view origin, std::string_view what);

}  // namespace limpid
