// Writes the tensors of one run to a safetensors file, to be checked elsewhere.
//
// ids [T] I64, and the tensors of analyses/run_tensors.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "api/session.h"

namespace limpid {

struct TraceFileRequest {
  Prompt prompt;
  std::filesystem::path path;
  /// Names to write, as shell patterns with * and ?; empty: all.
  std::vector<std::string> only = {};
};

struct TraceFileResult {
  std::vector<std::string> tensors;  // names written, in file order
  size_t n_bytes = 0;
  std::vector<std::string> warnings;
};

/// Streams: one layer's contributions are in memory at a time. The file appears whole or not at all.
/// Errors: kInvalidArgument (a pattern that matches nothing, a bad prompt), kIo.
Result<TraceFileResult> write_trace(const Session& session, const TraceFileRequest& request,
                                    const RunControl& control = {});

}  // namespace limpid
