// A self-check of a model: one run, held against what must be true of every run and, where there is one,
// against a reference.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyses/checks.h"
#include "api/session.h"

namespace limpid {

struct VerifyRequest {
  Prompt prompt = {};
  /// Instead of the prompt's a sample text, or fixed ids where the model has no tokenizer.
  bool sample = false;
  /// A file as write_trace writes it; its ids are run then, and the prompt is ignored. Empty: none.
  std::filesystem::path reference = {};
};

struct VerifyResult {
  std::string model;
  std::vector<int> ids;
  int n_layer = 0;
  std::vector<Check> checks;
  std::vector<std::string> warnings;

  size_t n_failed() const;
};

/// A check that fails is a result. Errors: those of run (a state that is not finite among them),
/// Vocabulary::encode, and Reference.
Result<VerifyResult> verify(const Session& session, const VerifyRequest& request,
                            const RunControl& control = {});

}  // namespace limpid
