// Parts of decode() of ops.h, by kind of type. n is a whole number of blocks.
#pragma once

#include <cstddef>

#include "base/dtype.h"

namespace limpid::cpu {

/// Q2_K, Q3_K, Q4_K, Q5_K, Q6_K.
void decode_k_quants(DType type, const std::byte* bytes, size_t n, float* out);

/// FP4, IQ4_NL, MXFP4, IQ4_XS.
void decode_codebooks(DType type, const std::byte* bytes, size_t n, float* out);

}  // namespace limpid::cpu
