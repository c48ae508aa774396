// The parts of a state of a run that replaced something (forward/patches.h): what is left of its own parts is
// scaled, and what was put in is one more part, the patch, which no edge carries.
#pragma once

#include <span>
#include <vector>

#include "attribution/attention_importance.h"
#include "base/matrix.h"
#include "forward/model.h"
#include "forward/trace.h"

namespace limpid {

/// What resid_mid at each query is multiplied with, its own parts too. [n_query], all 1 without patches.
std::vector<float> mid_factors(const Trace& trace, int layer, std::span<const int> queries);
/// The same of resid_post.
std::vector<float> post_factors(const Trace& trace, int layer, std::span<const int> positions);
/// What each head's output is multiplied with at each query. [n_query, n_head], or empty for all 1.
Matrix head_factors(const Trace& trace, int layer, std::span<const int> queries);

bool is_attention_patched(const Trace& trace, int layer);
/// What was put into resid_mid, in place of heads' outputs and of the state. scales: of OutputProjection.
/// [n_query, d_model], or empty without patches.
Matrix attention_patch_parts(const Model& model, const Trace& trace, int layer, std::span<const int> queries,
                             const OutputProjection& projection, std::span<const float> scales);

/// Of one FFN's output: y = factor * own + added. nullptr where it was not replaced.
const RowPatch* find_patch(std::span<const RowPatch> patches, int position);
std::span<const RowPatch> ffn_patches(const Trace& trace, int layer);
/// What was put into resid_post, in place of the FFN's output and of the state; neurons' values count as the
/// FFN's own. [n_position, d_model], or empty without patches.
Matrix ffn_patch_parts(const Trace& trace, int layer, std::span<const int> positions);

}  // namespace limpid
