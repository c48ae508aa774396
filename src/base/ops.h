// Closed choices that a model description and the kernels both speak of.
#pragma once

#include <cstdint>

namespace limpid {

enum class Activation : uint8_t {
  kSilu,
  kGelu,
  kGeluTanh,
  kRelu,
  /// Only gated, gpt_oss: with g = min(gate, 7) and u = clamp(up, -7, 7), g sigmoid(1.702 g) (u + 1).
  kClampedSwiglu,
};

/// Which coordinates of a head are rotated together: (2i, 2i+1), or (i, i + n_rot/2).
enum class RopePairs : uint8_t { kInterleaved, kHalves };

enum class NormKind : uint8_t { kRms, kLayer };

}  // namespace limpid
