// A folder that has safetensors too is left to that format, which needs less trust and work; its .bin file
// still opens by its name.
#include <algorithm>
#include <array>
#include <utility>

#include "checkpoint/format.h"
#include "checkpoint/hub_folder.h"
#include "checkpoint/pytorch_file.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kExtensions = {".bin", ".pt", ".pth"};
constexpr HubFiles kFiles = {"pytorch_bin", "pytorch_model.bin", "pytorch_model.bin.index.json", kExtensions};

constexpr std::array<std::string_view, 1> kSafetensors = {".safetensors"};

/// Folders also hold optimizer states and settings of a training run under these extensions, hence the names.
bool recognises(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return std::ranges::find(kExtensions, path.extension().string()) != kExtensions.end() && is_file(path);
  }
  return (is_file(path / kFiles.single) || is_file(path / kFiles.index)) &&
         names_with(path, kSafetensors).empty();
}

Result<HubFile> read(const fs::path& path) {
  LIMPID_TRY(PytorchFile file, read_pytorch(path));
  return HubFile{std::move(file.tensors), std::move(file.unsupported_tensors), std::move(file.file)};
}

Result<Checkpoint> open(const fs::path& path) {
  return open_hub_folder(path, kFiles, read);
}

}  // namespace

extern const Format k_pytorch_bin;
const Format k_pytorch_bin = {"pytorch_bin", "a folder with config.json and pytorch_model.bin",
                              "F32, F16, BF16, F8_E4M3, F8_E5M2", recognises, open};

}  // namespace limpid
