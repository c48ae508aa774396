// The values behind 4-bit codes that are no numbers themselves: value = table[code] * scale.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace limpid {

using Codebook = std::array<int8_t, 16>;

/// IQ4_NL and IQ4_XS: denser around zero.
inline constexpr Codebook kIq4Codebook = {-127, -104, -83, -65, -49, -35, -22, -10,
                                          1,    13,   25,  38,  53,  69,  89,  113};

/// FP4 and MXFP4: twice the values of a 4-bit float (sign, 2 exponent bits, 1 fraction bit). Minus zero
/// becomes zero.
inline constexpr Codebook kFp4Codebook = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

/// 2^(code - 128), exactly (codes 0 and 1 are subnormal numbers): half the scale of an MXFP4 block, for the
/// doubled values above. ggml gives no meaning to code 255, which the standard calls NaN.
inline float mxfp4_half_scale(uint8_t code) {
  return std::bit_cast<float>(code < 2 ? 0x00200000u << code : static_cast<uint32_t>(code - 1) << 23);
}

}  // namespace limpid
