#include "forward/finite.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace limpid {

Status check_finite(std::span<const float> state, int layer, size_t token, bool patched) {
  if (std::ranges::all_of(state, [](float x) { return std::isfinite(x); })) return {};
  return fail(patched ? ErrorCode::kInvalidArgument : ErrorCode::kCorrupt,
              fmt::format("layer {}: resid_post of token {} is not finite", layer, token),
              patched ? "what was put in place is too large for float32"
                      : "corrupt weights, or a model whose activations overflow float32");
}

}  // namespace limpid
