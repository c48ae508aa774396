// Reading one safetensors file: its tensors as views of the mapped bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/mapped_file.h"
#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

struct SafetensorsContents {
  TensorMap tensors;                                                    // of the types that DType has
  std::map<std::string, std::string, std::less<>> unsupported_tensors;  // other types: name to type
  std::map<std::string, std::string> metadata;                          // the file's own notes
};

struct SafetensorsFile : SafetensorsContents {
  MappedFile file;  // what the tensors point into
};

/// Checks everything the format demands: tensors fill the data without holes or overlap, and every size is
/// shape times type. `origin` names the file in errors.
/// Errors: kCorrupt; kUnsupported (a type that the format does not define).
Result<SafetensorsContents> parse_safetensors(std::span<const std::byte> bytes, std::string_view origin);

/// Errors: as above; kNotFound, kIo.
Result<SafetensorsFile> read_safetensors(const std::filesystem::path& path);

}  // namespace limpid
