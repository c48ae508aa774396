// Why a request was not answered as asked: an HTTP status beside the code, message and hint of an Error.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "limpid/result.h"

namespace limpid {

struct Failure {
  int status = 500;
  std::string code;  // as in openapi.json
  std::string message;
  std::string hint;

  Failure(int http_status, std::string_view name, std::string text, std::string advice = {})
      : status(http_status), code(name), message(std::move(text)), hint(std::move(advice)) {}
  /// With the status of its code.
  Failure(const Error& error);  // NOLINT: the library's errors are failures, so that both pass SERVER_TRY
};

template <class T>
using Answer = tl::expected<T, Failure>;

template <class... Parts>
tl::unexpected<Failure> failure(Parts&&... parts) {
  return tl::unexpected<Failure>(Failure(std::forward<Parts>(parts)...));
}
inline tl::unexpected<Failure> bad_request(std::string message, std::string hint = {}) {
  return failure(400, "invalid_argument", std::move(message), std::move(hint));
}

}  // namespace limpid

#define SERVER_CONCAT_INNER(a, b) a##b
#define SERVER_CONCAT(a, b) SERVER_CONCAT_INNER(a, b)
#define SERVER_TRY_IMPL(temporary, target, expression)                                    \
  auto temporary = (expression);                                                          \
  if (!temporary) return tl::unexpected<::limpid::Failure>(std::move(temporary).error()); \
  target = *std::move(temporary)
/// As LIMPID_TRY, of a Result or an Answer, in a function that returns an Answer.
#define SERVER_TRY(target, expression) \
  SERVER_TRY_IMPL(SERVER_CONCAT(server_try_, __LINE__), target, expression)
/// As LIMPID_CHECK_OK, likewise.
#define SERVER_CHECK_OK(expression)                                               \
  do {                                                                            \
    if (auto server_status = (expression); !server_status)                        \
      return tl::unexpected<::limpid::Failure>(std::move(server_status).error()); \
  } while (false)
