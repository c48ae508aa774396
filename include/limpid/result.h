// Errors as values: functions that can fail return Result<T>, and nothing throws, prints, aborts or exits on
// input.
//
// A message names the origin (file, tensor, flag), then expected and found. The hint is the likely cause or
// what to do, and may be empty.
#pragma once

#include <string>
#include <tl/expected.hpp>

namespace limpid {

enum class ErrorCode {
  kInvalidArgument,  // the request is wrong: a flag, a position, an empty prompt
  kNotFound,         // a file, model or tensor does not exist
  kCorrupt,          // bytes that contradict themselves or their format
  kUnsupported,      // well-formed, but a feature that limpid does not have
  kOutOfMemory,      // would need more memory than allowed
  kIo,               // the operating system refused
  kCancelled,        // the caller asked to stop
};

/// Stable lower-case name of a code, as used in JSON: "invalid_argument", "not_found", ...
const char* name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInvalidArgument;
  std::string message;
  std::string hint;
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

}  // namespace limpid
