// The web app with what it shows in one file, which needs neither a server nor a network.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/assets.h"

#include "base/result.h"

namespace limpid {

/// The page among `files` with all that it loads inside, and `data`, JSON, which the page finds by
/// kDataElement. Whatever is in the data stays data: it goes in compressed, as base64. A policy allows this
/// one script and no request. Errors: kUnsupported for a build without the web app.
inline constexpr std::string_view kDataElement = "limpid-data";
Result<std::string> single_file(std::span<const Asset> files, std::string_view data);

}  // namespace limpid
