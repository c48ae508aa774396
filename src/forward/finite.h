// What a run must not go on with: states that are not finite.
#pragma once

#include <span>

#include "base/result.h"

namespace limpid {

/// `state`: a token's resid_post of the layer. Errors: kCorrupt, or with patches, which are what is new to a
/// model whose states were finite, kInvalidArgument.
Status check_finite(std::span<const float> state, int layer, size_t token, bool patched);

}  // namespace limpid
