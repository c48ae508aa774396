// A folder in Hugging Face's layout: config.json beside weights in one file, or in several that an index
// lists. The formats for such folders differ in how they read one file. Internal to this folder.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

/// How a format calls its files.
struct HubFiles {
  std::string_view format;  // becomes Checkpoint::format
  std::string_view single;  // all weights in one file: "model.safetensors"
  std::string_view index;   // what says which tensor is where: "model.safetensors.index.json"
  std::span<const std::string_view> extensions;  // ".safetensors"
};

/// What reading one file gives.
struct HubFile {
  TensorMap tensors;
  std::map<std::string, std::string, std::less<>> unsupported_tensors;
  MappedFile file;
};

bool is_file(const std::filesystem::path& path);

/// Names of the folder's files with one of the extensions, sorted.
std::vector<std::string> names_with(const std::filesystem::path& folder,
                                    std::span<const std::string_view> extensions);

/// `path` is a folder, or a file: that stands for itself, except that one of several listed by the index
/// beside it stands for all of them. Errors: kNotFound (config.json, the weights or some of them), kCorrupt
/// (the index or config.json, a tensor in two files), and those of `read`.
Result<Checkpoint> open_hub_folder(const std::filesystem::path& path, const HubFiles& files,
                                   Result<HubFile> (*read)(const std::filesystem::path& file));

}  // namespace limpid
