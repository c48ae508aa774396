// Element types of stored tensors and how many bytes they take. Values of `DType` are ours; the formats map
// their own numbers and names onto them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace limpid {

enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  // 8-bit floats: 4 and 5 bits of exponent; E8M0 is a power of two without sign, used as a scale.
  kF8E4M3,
  kF8E5M2,
  kF8E8M0,
  kFP4,  // 4-bit floats (E2M1), two to a byte: the even element in the low half
  // ggml block types: 32 elements share a scale (and an offset in the _1 types).
  kQ4_0,
  kQ4_1,
  kQ5_0,
  kQ5_1,
  kQ8_0,
  // ggml types with a table of 16 values: 32 elements share a scale.
  kIQ4_NL,
  kMXFP4,
  // ggml types whose 256 elements share a float16 scale and have integer scales for each 16 or 32 of them.
  kQ2_K,
  kQ3_K,
  kQ4_K,
  kQ5_K,
  kQ6_K,
  kIQ4_XS,
  // Integer types appear as tensor contents (token ids, buffers, packed codes), never as weights themselves.
  kU8,
  kI32,
  kI64,
};

struct DTypeInfo {
  std::string_view name;  // "F32", "Q4_1", ...
  size_t block_size;      // elements per block; 1 for plain types
  size_t block_bytes;     // bytes per block
};

const DTypeInfo& info(DType type);

/// Whether kernels can decode this type to float32.
bool is_weight_type(DType type);

}  // namespace limpid
