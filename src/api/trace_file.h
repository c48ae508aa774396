// Writes the tensors of one run to a safetensors file, to be checked elsewhere.
//
// Names (T tokens, H heads, V vocabulary, d = d_model, l a layer):
//   ids [T] I64, logits [T,V], resid_pre.l resid_mid.l resid_post.l attention_out.l ffn_out.l [T,d],
//   attention.l [H,T,T], contribution.attention.l [T query, T key, H], contribution.attention_residual.l
//   contribution.attention_bias.l contribution.ffn.l contribution.ffn_residual.l [T]
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
