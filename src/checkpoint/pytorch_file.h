// Reading one file that torch.save wrote (PyTorch 1.6 and later): its tensors as views of the mapped bytes.
// Such a file is a ZIP archive: NAME/data.pkl, a pickle, describes tensors; NAME/data/KEY are their bytes.
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

struct PytorchContents {
  TensorMap tensors;                                                    // whose type limpid has
  std::map<std::string, std::string, std::less<>> unsupported_tensors;  // other types: name to type
};

struct PytorchFile : PytorchContents {
  MappedFile file;  // what the tensors point into
};

/// `origin` names the file in errors.
/// Errors: as read_zip, read_pickle and read_state_dict; kCorrupt (storages that are missing or of another
/// size than the pickle says); kUnsupported (the older format without an archive, big-endian numbers).
Result<PytorchContents> parse_pytorch(std::span<const std::byte> bytes, std::string_view origin);

/// Errors: as above; kNotFound, kIo.
Result<PytorchFile> read_pytorch(const std::filesystem::path& path);

}  // namespace limpid
