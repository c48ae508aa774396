// Parsing of GGUF, version 2 and 3, little-endian: bytes to named tensors and metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/metadata.h"

namespace limpid {

struct GgufContents {
  uint32_t version = 0;
  Metadata metadata;
  TensorMap tensors;  // views of the bytes that were parsed
};

/// One file; it may be a part of a model (gguf_split.h). `origin` names it in errors. The data section must
/// be filled by the tensors without overlap and without gaps beyond alignment, so that a damaged offset or
/// size never goes unnoticed; what follows the last tensor is ignored. Errors: kCorrupt; kUnsupported (other
/// versions, big-endian, tensor types).
Result<GgufContents> parse_gguf(std::span<const std::byte> bytes, std::string_view origin);

}  // namespace limpid
