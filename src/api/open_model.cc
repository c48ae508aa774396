#include "api/open_model.h"

#include <algorithm>

#include "base/available_memory.h"
#include "checkpoint/adapter.h"
#include "checkpoint/locate.h"

namespace limpid {

size_t memory_budget(const OpenOptions& options, const Checkpoint& checkpoint) {
  if (options.memory > 0) return options.memory;
  size_t file_bytes = 0;
  for (const auto& [name, tensor] : checkpoint.tensors) file_bytes += tensor.data.size();
  const size_t free_bytes = available_memory() / 10 * 9;
  return free_bytes - std::min(file_bytes, free_bytes / 2);
}

std::string display_name(std::string_view name, const std::filesystem::path& path) {
  // What was found under a name of its own (an id of a cache) lies in files that are called after checksums.
  if (!name.empty() && path != std::filesystem::path(name)) return std::string(name);
  return path.has_filename() ? path.stem().string() : path.parent_path().filename().string();
}

Result<Checkpoint> open_model(std::string_view model, std::string_view adapter) {
  LIMPID_TRY(const std::filesystem::path path, locate_model(model));
  LIMPID_TRY(Checkpoint checkpoint, open_checkpoint(path));
  if (adapter.empty()) return checkpoint;
  LIMPID_TRY(const std::filesystem::path folder, locate_model(adapter));
  LIMPID_CHECK_OK(add_adapter(folder, checkpoint));
  return checkpoint;
}

}  // namespace limpid
