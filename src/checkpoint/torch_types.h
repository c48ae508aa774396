// PyTorch's element types, by the names that its files use.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/dtype.h"

namespace limpid {

struct TorchType {
  std::string_view name;      // as safetensors files write it: "F32"
  size_t n_byte;              // of one element
  std::string_view storage;   // class of its typed storage in module torch; "" for younger types without one
  std::string_view dtype;     // its name in module torch
  std::optional<DType> type;  // empty where limpid has no such type
};

/// By class of storage ("FloatStorage"); nullptr when there is none.
const TorchType* find_torch_storage(std::string_view storage);

/// By dtype ("float32"); nullptr when there is none.
const TorchType* find_torch_dtype(std::string_view dtype);

}  // namespace limpid
