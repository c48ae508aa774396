#include "server/failure.h"

namespace limpid {

namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
      return 422;
    case ErrorCode::kOutOfMemory:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kIo:
      return 500;
  }
  return 500;
}

}  // namespace

Failure::Failure(const Error& error)
    : Failure(status_of(error.code), name(error.code), error.message, error.hint) {}

}  // namespace limpid
