// Tensor type numbers of ggml, as GGUF files store them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/dtype.h"

namespace limpid {

struct GgmlType {
  std::string_view name;       // "Q4_K"; "" for numbers that ggml never used or has retired
  std::optional<DType> dtype;  // empty where limpid cannot decode it
};

/// Any number; an unknown one has an empty name.
GgmlType ggml_type(uint32_t number);

}  // namespace limpid
