// The tensors of a state dict: what model.state_dict() was when torch.save wrote it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checkpoint/pickle.h"

namespace limpid {

/// A contiguous view of `n_element` storage elements, outermost dimension first.
struct TorchTensor {
  std::string name;
  const TorchType* type = nullptr;
  std::string storage;  // its key
  uint64_t storage_bytes = 0;
  uint64_t begin = 0;  // bytes of the storage
  uint64_t n_byte = 0;
  std::vector<size_t> shape;
};

/// From a dictionary of tensors, or from one under "state_dict" or "model" of a dictionary that has none
/// itself (training programs save other things beside them). Entries that are no tensors are passed over.
/// Every tensor lies inside its storage as the pickle describes it.
/// Errors: kCorrupt (no such dictionary, a name twice, sizes that overflow or leave the storage);
/// kUnsupported (transposed and other views that are not contiguous).
Result<std::vector<TorchTensor>> read_state_dict(const Pickle& pickle, std::string_view origin);

}  // namespace limpid
