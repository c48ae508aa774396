#include "analyses/attention_maps.h"
#include "api/session.h"

namespace limpid {

Result<AttentionResult> Session::attention(const AttentionRequest& request, const RunControl& control) const {
  AttentionResult result;
  result.model = name_;
  LIMPID_TRY(const std::vector<HeadId> heads, chosen_heads(model_->spec(), request));
  LIMPID_TRY(const std::vector<int> ids, vocabulary_.encode(request.prompt, result.warnings));
  LIMPID_CHECK_OK(require_map_memory(ids.size(), heads.size()));
  LIMPID_TRY(const Trace trace, this->trace(ids, {}, control));
  LIMPID_TRY(result.tokens, vocabulary_.pieces(ids));
  LIMPID_TRY(result.heads, attention_maps(*model_, trace, heads, control));
  return result;
}

}  // namespace limpid
