#include "base/dtype.h"

#include <array>

namespace limpid {

const DTypeInfo& info(DType type) {
  static constexpr std::array<DTypeInfo, 23> kTable = {{
      {"F32", 1, 4},        {"F16", 1, 2},    {"BF16", 1, 2},   {"F8_E4M3", 1, 1}, {"F8_E5M2", 1, 1},
      {"F8_E8M0", 1, 1},    {"FP4", 2, 1},    {"Q4_0", 32, 18},  // f16 scale, 16 bytes of nibbles
      {"Q4_1", 32, 20},                        // f16 scale, f16 minimum, 16 bytes of nibbles
      {"Q5_0", 32, 22},                        // f16 scale, 4 bytes of fifth bits, 16 bytes of nibbles
      {"Q5_1", 32, 24},     {"Q8_0", 32, 34},  // f16 scale, 32 signed bytes
      {"IQ4_NL", 32, 18},                      // f16 scale, 16 bytes of nibbles
      {"MXFP4", 32, 17},                       // power-of-two scale in a byte, 16 bytes of nibbles
      {"Q2_K", 256, 84},     // 16 scales and minima in bytes, 2-bit codes, f16 scale, f16 minimum
      {"Q3_K", 256, 110},    // third bits, 2-bit codes, 16 scales of 6 bits, f16 scale
      {"Q4_K", 256, 144},    // f16 scale, f16 minimum, 8 scales and minima of 6 bits, nibbles
      {"Q5_K", 256, 176},    // as Q4_K, with 32 bytes of fifth bits before the nibbles
      {"Q6_K", 256, 210},    // nibbles, upper 2 bits, 16 signed scales in bytes, f16 scale
      {"IQ4_XS", 256, 136},  // f16 scale, 8 scales of 6 bits, nibbles
      {"U8", 1, 1},         {"I32", 1, 4},    {"I64", 1, 8},
  }};
  return kTable[static_cast<size_t>(type)];
}

bool is_weight_type(DType type) {
  return type != DType::kU8 && type != DType::kI32 && type != DType::kI64;
}

}  // namespace limpid
