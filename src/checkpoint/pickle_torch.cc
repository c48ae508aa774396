#include "checkpoint/pickle_torch.h"

#include <fmt/format.h>
#include <utility>

namespace limpid {
namespace {

constexpr size_t kMaxDimension = 16;

template <class T>
const T* get(const Pickle& pickle, PickleRef ref) {
  return std::get_if<T>(&pickle[ref]);
}

std::optional<uint64_t> count(const Pickle& pickle, PickleRef ref) {
  const auto* number = get<int64_t>(pickle, ref);
  if (number == nullptr || *number < 0) return std::nullopt;
  return static_cast<uint64_t>(*number);
}

/// nullopt unless it is a short tuple of numbers that are not negative.
std::optional<std::vector<size_t>> counts(const Pickle& pickle, PickleRef ref) {
  const auto* tuple = get<PickleTuple>(pickle, ref);
  if (tuple == nullptr || tuple->items.size() > kMaxDimension) return std::nullopt;
  std::vector<size_t> numbers;
  for (const PickleRef item : tuple->items) {
    const auto number = count(pickle, item);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  return numbers;
}

/// Values that say "nothing": extra information about a tensor (conjugated, negated) must not be passed over.
bool is_nothing(const Pickle& pickle, PickleRef ref) {
  const auto* dict = get<PickleDict>(pickle, ref);
  return get<PickleNone>(pickle, ref) != nullptr || (dict != nullptr && dict->items.empty());
}

/// (storage, offset, shape, strides, requires_grad, hooks, [dtype,] [metadata])
PickleCall rebuild_tensor(const Pickle& pickle, const std::vector<PickleRef>& items, bool typed) {
  const size_t n_plain = typed ? 7 : 6;
  if (items.size() != n_plain && items.size() != n_plain + 1) {
    return fmt::format("expected {} or {} arguments for a tensor, found {}", n_plain, n_plain + 1,
                       items.size());
  }
  const auto* storage = get<PickleStorage>(pickle, items[0]);
  const auto offset = count(pickle, items[1]);
  auto shape = counts(pickle, items[2]);
  auto strides = counts(pickle, items[3]);
  if (storage == nullptr || !offset || !shape || !strides || shape->size() != strides->size()) {
    return fmt::format("expected a tensor's storage, offset, shape and strides (at most {} dimensions)",
                       kMaxDimension);
  }
  const auto* dtype = typed ? get<PickleDtype>(pickle, items[6]) : nullptr;
  const TorchType* type = dtype != nullptr ? dtype->type : storage->type;
  if (type == nullptr || (typed && dtype == nullptr))
    return std::string("expected a tensor's type, found none");
  if (!is_nothing(pickle, items[5]) || (items.size() > n_plain && !is_nothing(pickle, items[n_plain]))) {
    return std::string("a tensor with hooks or other additions is not supported");
  }
  return PickleValue(PickleTensor{items[0], type, *offset, *std::move(shape), *std::move(strides)});
}

}  // namespace

std::optional<PickleValue> pickle_global(std::string_view module, std::string_view name) {
  if (module == "collections" && name == "OrderedDict") return PickleFunction::kOrderedDict;
  if (module == "torch._utils") {
    if (name == "_rebuild_tensor_v2") return PickleFunction::kRebuildTensor;
    if (name == "_rebuild_tensor_v3") return PickleFunction::kRebuildTensorAs;
    if (name == "_rebuild_parameter") return PickleFunction::kRebuildParameter;
  }
  if (module == "torch.storage" && name == "UntypedStorage") return PickleStorageType{nullptr};
  if (module == "torch") {
    if (name == "Size") return PickleFunction::kSize;
    if (const TorchType* type = find_torch_storage(name)) return PickleStorageType{type};
    if (const TorchType* type = find_torch_dtype(name)) return PickleDtype{type};
  }
  return std::nullopt;
}

PickleCall call_pickle_function(const Pickle& pickle, PickleFunction function, const PickleTuple& arguments) {
  const std::vector<PickleRef>& items = arguments.items;
  switch (function) {
    case PickleFunction::kOrderedDict:
      if (!items.empty()) return std::string("expected an OrderedDict without arguments");
      return PickleValue(PickleDict{{}, true});
    case PickleFunction::kSize:
      if (items.size() != 1 || !counts(pickle, items[0]))
        return std::string("expected the dimensions of a torch.Size");
      return items[0];
    case PickleFunction::kRebuildTensor:
      return rebuild_tensor(pickle, items, false);
    case PickleFunction::kRebuildTensorAs:
      return rebuild_tensor(pickle, items, true);
    case PickleFunction::kRebuildParameter:
      if (items.size() != 3 || get<PickleTensor>(pickle, items[0]) == nullptr ||
          !is_nothing(pickle, items[2])) {
        return std::string("expected a parameter made of a tensor");
      }
      return items[0];
  }
  return std::string("no such function");
}

PickleCall load_pickle_storage(const Pickle& pickle, const PickleValue& id) {
  const auto* tuple = std::get_if<PickleTuple>(&id);
  if (tuple == nullptr || tuple->items.size() != 5)
    return std::string("expected the five parts of a storage");
  const auto& items = tuple->items;
  const auto* kind = get<std::string_view>(pickle, items[0]);
  const auto* type = get<PickleStorageType>(pickle, items[1]);
  const auto* key = get<std::string_view>(pickle, items[2]);
  const auto n_element = count(pickle, items[4]);
  if (kind == nullptr || *kind != "storage" || type == nullptr || key == nullptr || !n_element) {
    return std::string("expected ('storage', type, key, location, size)");
  }
  return PickleValue(PickleStorage{type->type, *key, *n_element});
}

}  // namespace limpid
