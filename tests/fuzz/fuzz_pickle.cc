#include "fuzz_checks.h"

#include "checkpoint/pickle.h"
#include "checkpoint/torch_state_dict.h"

namespace limpid {
namespace {

/// Readers index values without looking.
void check_references(const Pickle& pickle) {
  const auto check = [&](PickleRef ref) { CHECK(ref < pickle.values.size()); };
  check(pickle.root);
  for (const PickleValue& value : pickle.values) {
    if (const auto* tuple = std::get_if<PickleTuple>(&value)) {
      for (const PickleRef item : tuple->items) check(item);
    } else if (const auto* list = std::get_if<PickleList>(&value)) {
      for (const PickleRef item : list->items) check(item);
    } else if (const auto* dict = std::get_if<PickleDict>(&value)) {
      for (const auto& [key, item] : dict->items) check(key), check(item);
    } else if (const auto* tensor = std::get_if<PickleTensor>(&value)) {
      check(tensor->storage);
      CHECK(std::holds_alternative<PickleStorage>(pickle[tensor->storage]));
      CHECK(tensor->type != nullptr && tensor->shape.size() == tensor->strides.size());
    }
  }
}

}  // namespace
}  // namespace limpid

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace limpid;
  const auto pickle = read_pickle(std::as_bytes(std::span(data, size)), "input.bin");
  if (!pickle) {
    check_error(pickle.error());
    return 0;
  }
  CHECK(pickle->values.size() <= size);  // every value costs at least a byte
  check_references(*pickle);
  const auto tensors = read_state_dict(*pickle, "input.bin");
  if (!tensors) {
    check_error(tensors.error());
    return 0;
  }
  for (const TorchTensor& tensor : *tensors) {
    CHECK(is_utf8(tensor.name) && is_utf8(tensor.storage));
    CHECK(tensor.begin <= tensor.storage_bytes && tensor.n_byte <= tensor.storage_bytes - tensor.begin);
  }
  return 0;
}
