// Attention and contribution maps of chosen heads, from one run.
#pragma once

#include <span>
#include <vector>

#include "limpid/attention.h"
#include "limpid/run_control.h"

#include "base/result.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// What the maps of one request may take.
constexpr size_t kMaxMapBytes = size_t{128} << 20;

/// Heads of a request, by layer and head, each once. Errors: kInvalidArgument naming what there is.
Result<std::vector<HeadId>> chosen_heads(const ModelSpec& spec, const AttentionRequest& request);

/// kOutOfMemory where both maps of n_heads heads take more than kMaxMapBytes.
Status require_map_memory(size_t n_tok, size_t n_heads);

/// Maps and summaries of `heads`, ascending. Only their layers are computed. Beside the result at most 64 MB
/// and what attention_importance takes for a block of queries. Errors: kCancelled.
Result<std::vector<HeadMap>> attention_maps(const Model& model, const Trace& trace,
                                            std::span<const HeadId> heads, const RunControl& control = {});

/// Of maps that are complete.
HeadSummary summarise(const HeadMap& map, size_t n_tok);

}  // namespace limpid
