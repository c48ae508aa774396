#include "api/verify.h"

#include <algorithm>
#include <optional>

#include "analyses/run_tensors.h"
#include "analyses/self_check.h"
#include "api/reference.h"
#include "forward/run.h"

namespace limpid {

namespace {

constexpr const char* kSampleText = "When Mary and John went to the store, John gave a drink to";
constexpr int kSampleIds = 16;

/// Ids all over the vocabulary.
std::vector<int> sample_ids(const ModelSpec& spec) {
  std::vector<int> ids(kSampleIds);
  for (size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<int>(static_cast<int64_t>(i) * 7919 % spec.n_vocab);  // a prime: no id twice
  }
  return ids;
}

/// The sample, cut where the context holds less.
Result<std::vector<int>> sample(const Session& session, AddBos bos, std::vector<std::string>& warnings) {
  std::vector<int> ids;
  if (session.vocabulary().n_vocab() == 0) {
    ids = sample_ids(session.model().spec());
  } else {
    LIMPID_TRY(ids, session.vocabulary().encode({.text = kSampleText, .bos = bos}, warnings));
  }
  ids.resize(std::min(ids.size(), static_cast<size_t>(session.model().spec().n_ctx)));
  return ids;
}

}  // namespace

size_t VerifyResult::n_failed() const {
  return static_cast<size_t>(std::ranges::count_if(checks, [](const Check& check) { return !check.ok(); }));
}

Result<VerifyResult> verify(const Session& session, const VerifyRequest& request, const RunControl& control) {
  VerifyResult result;
  result.model = session.name();
  result.n_layer = session.model().spec().n_layer;
  std::optional<Reference> reference;
  if (!request.reference.empty()) {
    LIMPID_TRY(reference, Reference::open(request.reference));
    result.ids = reference->ids();
  } else if (request.sample) {
    LIMPID_TRY(result.ids, sample(session, request.prompt.bos, result.warnings));
  } else {
    LIMPID_TRY(result.ids, session.vocabulary().encode(request.prompt, result.warnings));
  }
  LIMPID_TRY(const Trace trace, session.trace(result.ids, {.keep_block_outputs = true}, control));
  LIMPID_TRY(result.checks, self_check(session.model(), trace, control));
  if (!reference) return result;
  LIMPID_TRY(const std::vector<Check> compared,
             reference->compare(RunTensors(session.model(), trace), control));
  result.checks.insert(result.checks.end(), compared.begin(), compared.end());
  return result;
}

}  // namespace limpid
