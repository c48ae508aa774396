#include <array>
#include <utility>

#include "checkpoint/format.h"
#include "checkpoint/hub_folder.h"
#include "checkpoint/safetensors_file.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 1> kExtensions = {".safetensors"};
constexpr HubFiles kFiles = {"safetensors", "model.safetensors", "model.safetensors.index.json", kExtensions};

/// A folder without config.json too, so that what is missing can be named.
bool recognises(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) return path.extension() == kExtensions.front() && is_file(path);
  return is_file(path / kFiles.index) || !names_with(path, kExtensions).empty();
}

Result<HubFile> read(const fs::path& path) {
  LIMPID_TRY(SafetensorsFile file, read_safetensors(path));
  return HubFile{std::move(file.tensors), std::move(file.unsupported_tensors), std::move(file.file)};
}

Result<Checkpoint> open(const fs::path& path) {
  return open_hub_folder(path, kFiles, read);
}

}  // namespace

extern const Format k_safetensors;
const Format k_safetensors = {
    "safetensors", "a folder with config.json and .safetensors files",
    "F32, F16, BF16, F8_E4M3 and F8_E5M2 (with scales or without), MXFP4 (in stacks of experts)", recognises,
    open};

}  // namespace limpid
