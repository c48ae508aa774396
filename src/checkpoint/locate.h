// From a MODEL argument to a path on this machine. Looks, never downloads.
//
//   MODEL            looked for at
//   a path           that file or folder
//   "org/name"       the Hugging Face cache: $HF_HUB_CACHE, $HF_HOME/hub, or ~/.cache/huggingface/hub
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

/// Errors: kNotFound; the hint is the command that would fetch the model.
Result<std::filesystem::path> locate_model(std::string_view name);

/// A model that can be opened.
struct FoundModel {
  std::string name;  // what to give as MODEL; "" for the default
  std::filesystem::path path;
  std::string format;
  uintmax_t n_bytes = 0;  // of all its files
};

/// The default model, then the Hugging Face cache, sorted by name.
std::vector<FoundModel> find_models();

}  // namespace limpid
