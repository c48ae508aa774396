#include "api/open_model.h"

#include "base/available_memory.h"
#include "checkpoint/adapter.h"
#include "checkpoint/locate.h"

namespace limpid {

size_t memory_budget(const OpenOptions& options) {
  return options.memory > 0 ? options.memory : available_memory() / 10 * 9;
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
