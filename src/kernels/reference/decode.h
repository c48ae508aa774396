// Elements and blocks, decoded as their definitions read; decode() of ops.h goes through them.
#pragma once

#include <cstddef>

#include "base/dtype.h"
#include "kernels/half.h"

namespace limpid::reference {

inline float half_at(const std::byte* p) {
  return f32_from_f16(load_unaligned<uint16_t>(p));
}

inline int byte_at(const std::byte* p) {
  return std::to_integer<int>(*p);
}

/// F8_E4M3, F8_E5M2 or F8_E8M0.
float f32_from_f8(DType type, uint8_t code);

/// One block of 256 elements: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K.
void decode_k_quant(DType type, const std::byte* p, float* out);

/// One block of FP4 (2 elements), IQ4_NL, MXFP4 (32) or IQ4_XS (256).
void decode_codebook(DType type, const std::byte* p, float* out);

}  // namespace limpid::reference
