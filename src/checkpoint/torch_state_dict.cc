#include "checkpoint/torch_state_dict.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

#include "checkpoint/checked.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

/// Where the weights are when the dictionary itself has none.
constexpr std::string_view kWrappers[] = {"state_dict", "model"};

bool has_tensors(const Pickle& pickle, const PickleDict& dict) {
  return std::any_of(dict.items.begin(), dict.items.end(), [&](const auto& item) {
    return std::holds_alternative<PickleTensor>(pickle[item.second]);
  });
}

/// nullptr when there is none.
const PickleDict* dict_of_tensors(const Pickle& pickle) {
  const auto* root = std::get_if<PickleDict>(&pickle[pickle.root]);
  if (root == nullptr || has_tensors(pickle, *root)) return root;
  for (const std::string_view wrapper : kWrappers) {
    for (const auto& [key, value] : root->items) {
      const auto* name = std::get_if<std::string_view>(&pickle[key]);
      const auto* dict = std::get_if<PickleDict>(&pickle[value]);
      if (name != nullptr && *name == wrapper && dict != nullptr && has_tensors(pickle, *dict)) return dict;
    }
  }
  return nullptr;
}

/// Rows one behind the other; the stride of a dimension of one element says nothing.
bool is_contiguous(const PickleTensor& tensor) {
  size_t expected = 1;
  for (size_t i = tensor.shape.size(); i-- > 0;) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.shape[i];  // the product was checked
  }
  return true;
}

Result<TorchTensor> make_tensor(const Pickle& pickle, std::string_view name, const PickleTensor& tensor,
                                std::string_view origin) {
  const auto bad = [&](std::string_view what) {
    return corrupt(origin, fmt::format("tensor {}: {}", quote(name), what));
  };
  const auto& storage = std::get<PickleStorage>(pickle[tensor.storage]);
  const size_t unit = storage.type == nullptr ? 1 : storage.type->n_byte;
  const auto n_element = checked_product(tensor.shape);
  const auto n_byte = n_element ? checked_multiply(*n_element, tensor.type->n_byte) : std::nullopt;
  const auto begin = checked_multiply(tensor.offset, tensor.type->n_byte);
  const auto storage_bytes = checked_multiply(storage.n_element, unit);
  if (!n_byte || !begin || !storage_bytes) {
    return bad(
        fmt::format("the size of shape [{}] at {} overflows", fmt::join(tensor.shape, ", "), tensor.offset));
  }
  if (*n_element > 0 && !is_contiguous(tensor)) {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("{}: tensor {}: expected rows one behind the other, found shape [{}] with strides [{}]",
                    origin, quote(name), fmt::join(tensor.shape, ", "), fmt::join(tensor.strides, ", ")),
        "a transposed or cut view; save copies: {name: t.contiguous() for name, t in "
        "model.state_dict().items()}");
  }
  if (*begin > *storage_bytes || *n_byte > *storage_bytes - *begin) {
    return bad(
        fmt::format("expected {} bytes at {} inside a storage of {}", *n_byte, *begin, *storage_bytes));
  }
  return TorchTensor{std::string(name), tensor.type, std::string(storage.key), *storage_bytes, *begin,
                     *n_byte,           tensor.shape};
}

}  // namespace

Result<std::vector<TorchTensor>> read_state_dict(const Pickle& pickle, std::string_view origin) {
  const PickleDict* dict = dict_of_tensors(pickle);
  if (dict == nullptr) {
    return corrupt(origin,
                   "expected a dictionary of tensors, or one under 'state_dict' or 'model'; found neither");
  }
  std::vector<TorchTensor> tensors;
  std::set<std::string_view> names;
  for (const auto& [key, value] : dict->items) {
    const auto* tensor = std::get_if<PickleTensor>(&pickle[value]);
    if (tensor == nullptr) continue;
    const auto* name = std::get_if<std::string_view>(&pickle[key]);
    if (name == nullptr) return corrupt(origin, "a tensor's name is no text");
    if (!names.insert(*name).second) {
      return corrupt(origin, fmt::format("tensor {}: appears twice", quote(*name)));
    }
    LIMPID_TRY(tensors.emplace_back(), make_tensor(pickle, *name, *tensor, origin));
  }
  return tensors;
}

}  // namespace limpid
