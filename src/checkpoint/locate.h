// From a MODEL argument to a path on this machine. Looks, never downloads.
//
//   MODEL            looked for at
//   a path           that file or folder
//   "org/name"       the Hugging Face cache: $HF_HUB_CACHE, $HF_HOME/hub, or ~/.cache/huggingface/hub;
//                    "org/name@revision" is another branch, tag or commit than main
//   "name:tag"       Ollama's store: $OLLAMA_MODELS, or ~/.ollama/models and the service's; also
//   "user/name:tag"
//   ""               the default model: $LIMPID_DATA_DIR/models, else $XDG_DATA_HOME/limpid/models, else
//                    ~/.local/share/limpid/models
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limpid {

/// Errors: kNotFound (the hint has the commands that would fetch the model); those of find_in_ollama.
Result<std::filesystem::path> locate_model(std::string_view name);

/// Bytes of a model's files: of a folder those in it, of a split GGUF file all parts.
uintmax_t size_on_disk(const std::filesystem::path& path);

/// A model that can be opened.
struct FoundModel {
  std::string name;  // what to give as MODEL; "" for the default
  std::filesystem::path path;
  std::string format;
  uintmax_t n_bytes = 0;  // of all its files
};

/// The default model, then the Hugging Face cache, then Ollama's store, each sorted by name.
std::vector<FoundModel> find_models();

}  // namespace limpid
