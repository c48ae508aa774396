// Importance of the parts of resid_post (docs/method.md): the FFN and the residual.
#pragma once

#include <span>
#include <vector>

#include "forward/model.h"
#include "forward/trace.h"
#include "graph/shares.h"

namespace limpid {

/// For the given positions of one layer. The FFN's part is taken as resid_post - resid_mid; against the FFN's
/// own output that is off by at most the rounding of the sum, |error of a proximity| <= 2^-24 |resid_post|_1.
std::vector<FfnShares> ffn_importance(const Model& model, const Trace& trace, int layer,
                                      std::span<const int> positions);

}  // namespace limpid
