#include "api/open_model.h"

#include "checkpoint/adapter.h"
#include "checkpoint/locate.h"

namespace limpid {

Result<Checkpoint> open_model(std::string_view model, std::string_view adapter) {
  LIMPID_TRY(const std::filesystem::path path, locate_model(model));
  LIMPID_TRY(Checkpoint checkpoint, open_checkpoint(path));
  if (adapter.empty()) return checkpoint;
  LIMPID_TRY(const std::filesystem::path folder, locate_model(adapter));
  LIMPID_CHECK_OK(add_adapter(folder, checkpoint));
  return checkpoint;
}

}  // namespace limpid
