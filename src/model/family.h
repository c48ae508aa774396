// A model family: one file in families/, named after its Hugging Face model_type, registered by its name
// (cmake/Limpid.cmake). It turns metadata and tensor names of both dialects into a spec and weights.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "model/spec.h"
#include "model/weights.h"

namespace limpid {

struct ModelDescription {
  ModelSpec spec;
  ModelWeights weights;
};

struct Family {
  std::string_view name;               // Hugging Face model_type
  std::string_view gguf_architecture;  // general.architecture; empty when GGUF has none
  std::string_view examples;           // well-known members, for `limpid models`
  /// Errors: kCorrupt (missing tensors or keys, shapes that disagree), kUnsupported (a feature, by name).
  Result<ModelDescription> (*describe)(const Checkpoint& checkpoint);
  // For docs/models.md. What is refused by name, separated by semicolons, beyond what no family can do; and
  // where Hugging Face, llama.cpp and GGUF files differ.
  std::string_view refused = {};
  std::string_view notes = {};
};

std::span<const Family* const> families();

/// Finds the family that the checkpoint names and lets it describe the model. The checkpoint must outlive
/// the description. Errors: as Family::describe, and kUnsupported for an architecture nobody registered.
Result<ModelDescription> describe_model(const Checkpoint& checkpoint);

}  // namespace limpid
