#include "checkpoint/ggml_types.h"

#include <array>

namespace limpid {

GgmlType ggml_type(uint32_t number) {
  // Indexed by ggml's number. Gaps are numbers of retired types.
  static constexpr std::array<GgmlType, 40> kTable = {{
      {"F32", DType::kF32},
      {"F16", DType::kF16},
      {"Q4_0", DType::kQ4_0},
      {"Q4_1", DType::kQ4_1},
      {"", {}},
      {"", {}},
      {"Q5_0", DType::kQ5_0},
      {"Q5_1", DType::kQ5_1},
      {"Q8_0", DType::kQ8_0},
      {"Q8_1", {}},
      {"Q2_K", DType::kQ2_K},
      {"Q3_K", DType::kQ3_K},
      {"Q4_K", DType::kQ4_K},
      {"Q5_K", DType::kQ5_K},
      {"Q6_K", DType::kQ6_K},
      {"Q8_K", {}},
      {"IQ2_XXS", {}},
      {"IQ2_XS", {}},
      {"IQ3_XXS", {}},
      {"IQ1_S", {}},
      {"IQ4_NL", DType::kIQ4_NL},
      {"IQ3_S", {}},
      {"IQ2_S", {}},
      {"IQ4_XS", DType::kIQ4_XS},
      {"I8", {}},
      {"I16", {}},
      {"I32", DType::kI32},
      {"I64", DType::kI64},
      {"F64", {}},
      {"IQ1_M", {}},
      {"BF16", DType::kBF16},
      {"", {}},
      {"", {}},
      {"", {}},
      {"TQ1_0", {}},
      {"TQ2_0", {}},
      {"", {}},
      {"", {}},
      {"", {}},
      {"MXFP4", DType::kMXFP4},
  }};
  return number < kTable.size() ? kTable[number] : GgmlType{};
}

}  // namespace limpid
