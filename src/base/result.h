// Errors as values. Functions that can fail on input return Result<T>; the library never prints, aborts
// or exits on input.
//
//   Result<Checkpoint> open(path);
//   LIMPID_TRY(Checkpoint checkpoint, open(path));     // returns the error to the caller, or assigns
//   return fail(ErrorCode::kCorrupt, "x.gguf: tensor 'a': expected 12 bytes, found 7", "incomplete
//   download?");
#pragma once

#include <utility>

#include "limpid/result.h"

namespace limpid {

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(hint)});
}

}  // namespace limpid

#define LIMPID_CONCAT_INNER(a, b) a##b
#define LIMPID_CONCAT(a, b) LIMPID_CONCAT_INNER(a, b)
#define LIMPID_TRY_IMPL(temporary, target, expression)                                  \
  auto temporary = (expression);                                                        \
  if (!temporary) return tl::unexpected<::limpid::Error>(std::move(temporary).error()); \
  target = *std::move(temporary)
/// `LIMPID_TRY(auto x, f());` assigns the value of f() or returns its error.
#define LIMPID_TRY(target, expression) \
  LIMPID_TRY_IMPL(LIMPID_CONCAT(limpid_try_, __LINE__), target, expression)
/// `LIMPID_CHECK_OK(f());` returns f()'s error, if any.
#define LIMPID_CHECK_OK(expression)                                             \
  do {                                                                          \
    if (auto limpid_status = (expression); !limpid_status)                      \
      return tl::unexpected<::limpid::Error>(std::move(limpid_status).error()); \
  } while (false)
