// What must hold for every input, shared by the fuzz targets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/check.h"
#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/text.h"

namespace limpid {

/// An error says something, and can be printed and put into JSON.
inline void check_error(const Error& error) {
  CHECK(!error.message.empty() && error.message.size() < 2000);
  CHECK(is_utf8(error.message) && is_utf8(error.hint));
}

/// Every tensor lies inside `bytes` and has the size that its shape and type call for.
inline void check_tensors(const TensorMap& tensors, std::span<const std::byte> bytes) {
  for (const auto& [name, tensor] : tensors) {
    CHECK(name == tensor.name && is_utf8(name) && !tensor.shape.empty());
    const DTypeInfo& type = info(tensor.type);
    CHECK(tensor.shape.back() % type.block_size == 0);
    CHECK(tensor.data.size() == tensor.n_element() / type.block_size * type.block_bytes);
    if (tensor.data.empty()) continue;
    CHECK(tensor.data.data() >= bytes.data());
    CHECK(tensor.data.data() + tensor.data.size() <= bytes.data() + bytes.size());
  }
}

}  // namespace limpid
