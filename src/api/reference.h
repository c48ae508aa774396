// A run by somebody else, to hold one of ours against: a safetensors file in the format of `limpid trace`,
// with `ids` and any of the other tensors.
#pragma once

#include <filesystem>
#include <vector>

#include "limpid/run_control.h"

#include "analyses/checks.h"
#include "analyses/run_tensors.h"
#include "base/result.h"
#include "checkpoint/safetensors_file.h"

namespace limpid {

class Reference {
 public:
  /// Errors: kNotFound, kIo, kCorrupt (no safetensors file, or `ids` is missing or no list of ids).
  static Result<Reference> open(const std::filesystem::path& path);

  const std::vector<int>& ids() const { return ids_; }

  /// One check for each kind of tensor in the file, "reference.resid_mid", with the tolerances of
  /// docs/method.md. The run must be one of ids(). Errors: kInvalidArgument (a name or shape that the run
  /// does not have, a type other than F32, nothing but ids), kCancelled.
  Result<std::vector<Check>> compare(const RunTensors& run, const RunControl& control = {}) const;

 private:
  Status check_tensors(const RunTensors& run) const;

  std::filesystem::path path_;
  SafetensorsFile file_;
  std::vector<int> ids_;
};

}  // namespace limpid
