// LoRA adapters as the library PEFT writes them: a folder with adapter_config.json and
// adapter_model.safetensors (or .bin). Such an adapter changes matrices of a base model by products of two
// thin ones: W + scale B A.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

/// A folder that holds an adapter and no model.
bool is_adapter(const std::filesystem::path& path);

/// The model that the adapter says it was trained on, as its author called it; "" where it does not say.
std::string adapter_base_name(const std::filesystem::path& folder);

/// Adds the adapter in `folder` to `base`: its tensors, and an update to each tensor that it changes. Names
/// are matched with and without the prefix of the model's class ("model.", "transformer."), since files
/// differ in it. Errors: kNotFound (files of the adapter); kCorrupt (halves of pairs, shapes and ranks that
/// do not fit); kUnsupported (a GGUF base, other adapters than plain LoRA, tensors that `base` does not have,
/// nothing to add).
Status add_adapter(const std::filesystem::path& folder, Checkpoint& base);

}  // namespace limpid
