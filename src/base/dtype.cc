#include "base/dtype.h"

#include <array>

namespace limpid {

const DTypeInfo& info(DType type) {
  static constexpr std::array<DTypeInfo, 10> kTable = {{
      {"F32", 1, 4},
      {"F16", 1, 2},
      {"BF16", 1, 2},
      {"Q4_0", 32, 18},  // f16 scale, 16 bytes of nibbles
      {"Q4_1", 32, 20},  // f16 scale, f16 minimum, 16 bytes of nibbles
      {"Q5_0", 32, 22},  // f16 scale, 4 bytes of fifth bits, 16 bytes of nibbles
      {"Q5_1", 32, 24},
      {"Q8_0", 32, 34},  // f16 scale, 32 signed bytes
      {"I32", 1, 4},
      {"I64", 1, 8},
  }};
  return kTable[static_cast<size_t>(type)];
}

bool is_weight_type(DType type) {
  return type != DType::kI32 && type != DType::kI64;
}

}  // namespace limpid
