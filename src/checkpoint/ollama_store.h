// Models that Ollama has on this machine: manifests/HOST/USER/NAME/TAG is JSON that lists layers, one of
// which is the model, a GGUF file called blobs/sha256-HEX. Internal to this folder.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limpid {

struct OllamaName {
  std::string host = "registry.ollama.ai";
  std::string user = "library";
  std::string model;
  std::string tag = "latest";

  /// As a user writes it: what is not the default, and the tag.
  std::string text() const;
};

/// "name", "name:tag", "user/name:tag" or "host/user/name:tag"; nullopt for anything else. A host has a dot.
std::optional<OllamaName> parse_ollama_name(std::string_view name);

/// $OLLAMA_MODELS; without it ~/.ollama/models, then that of the service, /usr/share/ollama/.ollama/models.
std::vector<std::filesystem::path> ollama_stores();

/// The file of a model in the first store that has it; nullopt when none has.
/// Errors: kNotFound (the file is missing), kCorrupt (a damaged manifest, a file of another size),
/// kUnsupported (adapters, models in several files).
Result<std::optional<std::filesystem::path>> find_in_ollama(const OllamaName& name);

struct OllamaModel {
  OllamaName name;
  std::filesystem::path file;
};
/// Every model whose file is there, store by store, sorted by name.
std::vector<OllamaModel> ollama_models();

}  // namespace limpid
