#include "checkpoint/torch_types.h"

#include <algorithm>
#include <array>

namespace limpid {
namespace {

constexpr std::array<TorchType, 15> kTypes = {{
    {"F32", 4, "FloatStorage", "float32", DType::kF32},
    {"F16", 2, "HalfStorage", "float16", DType::kF16},
    {"BF16", 2, "BFloat16Storage", "bfloat16", DType::kBF16},
    {"F64", 8, "DoubleStorage", "float64", {}},
    {"I64", 8, "LongStorage", "int64", DType::kI64},
    {"I32", 4, "IntStorage", "int32", DType::kI32},
    {"I16", 2, "ShortStorage", "int16", {}},
    {"I8", 1, "CharStorage", "int8", {}},
    {"U8", 1, "ByteStorage", "uint8", DType::kU8},
    {"BOOL", 1, "BoolStorage", "bool", {}},
    {"U16", 2, "", "uint16", {}},
    {"U32", 4, "", "uint32", {}},
    {"U64", 8, "", "uint64", {}},
    {"F8_E4M3", 1, "", "float8_e4m3fn", DType::kF8E4M3},
    {"F8_E5M2", 1, "", "float8_e5m2", DType::kF8E5M2},
}};

const TorchType* find(std::string_view TorchType::*field, std::string_view name) {
  const auto* it =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const TorchType& type) { return type.*field == name; });
  return it == kTypes.end() ? nullptr : it;
}

}  // namespace

const TorchType* find_torch_storage(std::string_view storage) {
  return storage.empty() ? nullptr : find(&TorchType::storage, storage);
}

const TorchType* find_torch_dtype(std::string_view dtype) {
  return find(&TorchType::dtype, dtype);
}

}  // namespace limpid
