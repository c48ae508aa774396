// The part of Python's pickle language in which PyTorch writes state dicts. A pickle is a program for a small
// stack machine, and in Python it may import and call anything; this machine can only build the values below,
// and knows no function but those that put tensors together.
//
// Values live in one list and refer to each other by index. What a pickle uses a thousand times is there
// once, nothing is ever expanded, and values may form circles: readers follow references only as deep as they
// need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "checkpoint/torch_types.h"

namespace limpid {

using PickleRef = uint32_t;  // index into Pickle::values

struct PickleNone {};
struct PickleTuple {
  std::vector<PickleRef> items;
};
struct PickleList {
  std::vector<PickleRef> items;
};
struct PickleDict {
  std::vector<std::pair<PickleRef, PickleRef>> items;  // in file order; keys may repeat
  bool is_ordered = false;                             // an OrderedDict, which may carry a state (ignored)
};

/// Functions that a pickle may call, and what they give.
enum class PickleFunction : uint8_t {
  kOrderedDict,       // collections.OrderedDict(): an empty PickleDict
  kSize,              // torch.Size(tuple): the tuple
  kRebuildTensor,     // torch._utils._rebuild_tensor_v2: a PickleTensor of the storage's type
  kRebuildTensorAs,   // torch._utils._rebuild_tensor_v3: the same of a type that is given
  kRebuildParameter,  // torch._utils._rebuild_parameter: the tensor it is given
};

/// torch.FloatStorage and its kin, as the first part of a storage's description.
struct PickleStorageType {
  const TorchType* type = nullptr;  // nullptr: UntypedStorage, counted in bytes
};
/// torch.float32 and its kin.
struct PickleDtype {
  const TorchType* type = nullptr;
};
/// Bytes beside the pickle.
struct PickleStorage {
  const TorchType* type = nullptr;  // nullptr: untyped, counted in bytes
  std::string_view key;
  uint64_t n_element = 0;
};
/// A view of a storage. Strides and offset count elements; nothing has been compared with the storage's size.
struct PickleTensor {
  PickleRef storage = 0;
  const TorchType* type = nullptr;  // never nullptr
  uint64_t offset = 0;
  std::vector<size_t> shape;
  std::vector<size_t> strides;  // as many as shape
};

using PickleValue =
    std::variant<PickleNone, bool, int64_t, double, std::string_view, PickleTuple, PickleList, PickleDict,
                 PickleFunction, PickleStorageType, PickleDtype, PickleStorage, PickleTensor>;

struct Pickle {
  std::vector<PickleValue> values;
  PickleRef root = 0;

  const PickleValue& operator[](PickleRef ref) const { return values[ref]; }
};

/// Texts in the result are UTF-8 and point into `bytes`.
/// Errors: kCorrupt (no such program, values where others belong, past the limits in pickle.cc); kUnsupported
/// (opcodes, functions and types that stored weights do not need, by name). `origin` names the file.
Result<Pickle> read_pickle(std::span<const std::byte> bytes, std::string_view origin);

}  // namespace limpid
