// Compressed bodies of answers.
#pragma once

#include <string_view>

#include "server/http.h"

namespace limpid {

/// Whether a client takes gzip, by its Accept-Encoding.
bool takes_gzip(std::string_view accepted);

/// Compresses a body of text that is worth it, where the client takes that. What is a stream, binary, or
/// compressed already stays as it is.
void compress(const HttpRequest& request, HttpResponse& response);

}  // namespace limpid
