#include "analyses/attention_maps.h"
#include "api/ask.h"

namespace limpid {

Result<AttentionResult> Session::attention(const AttentionRequest& request, const RunControl& control) const {
  LIMPID_CHECK_OK(chosen_heads(model_->spec(), request));  // before the run, which takes longer
  return ask_of_prompt(*this, request.prompt, control,
                       [&](const Trace& trace) { return attention(trace, request, control); });
}

Result<AttentionResult> Session::attention(const Trace& trace, const AttentionRequest& request,
                                           const RunControl& control) const {
  AttentionResult result;
  result.model = name_;
  LIMPID_TRY(const std::vector<HeadId> heads, chosen_heads(model_->spec(), request));
  LIMPID_CHECK_OK(require_map_memory(trace.n_tok(), heads.size()));
  LIMPID_TRY(result.tokens, vocabulary_->pieces(trace.ids));
  LIMPID_TRY(result.heads, attention_maps(*model_, trace, heads, control));
  return result;
}

}  // namespace limpid
