#include "api/fingerprint.h"

#include <algorithm>
#include <bit>
#include <type_traits>

#include "api/sha256.h"

namespace limpid {

namespace {

constexpr size_t kSampleBytes = 256;  // at each end of a tensor

void add(bool value, Sha256& hash) {
  hash.add_number(value ? 1 : 0);
}
void add(int64_t value, Sha256& hash) {
  hash.add_number(static_cast<uint64_t>(value));
}
void add(double value, Sha256& hash) {
  hash.add_number(std::bit_cast<uint64_t>(value));
}
void add(const std::string& value, Sha256& hash) {
  hash.add_field(value);
}
template <class T>
void add(const std::vector<T>& values, Sha256& hash) {
  hash.add_number(values.size());
  for (const auto& value : values)
    add(static_cast<std::conditional_t<std::is_same_v<T, bool>, bool, const T&>>(value), hash);
}

void add(const TensorMap& tensors, Sha256& hash) {
  hash.add_number(tensors.size());
  for (const auto& [name, tensor] : tensors) {
    hash.add_field(name);
    hash.add_field(info(tensor.type).name);
    hash.add_number(tensor.shape.size());
    for (const size_t n : tensor.shape) hash.add_number(n);
    hash.add_number(tensor.data.size());
    const size_t n = std::min(kSampleBytes, tensor.data.size());
    hash.add(tensor.data.first(n));
    hash.add(tensor.data.last(n));
    if (tensor.update) add(static_cast<double>(tensor.update->scale), hash);
  }
}

}  // namespace

std::string fingerprint(const Checkpoint& checkpoint) {
  Sha256 hash;
  hash.add_field(checkpoint.format);
  hash.add_number(checkpoint.metadata.values().size());
  for (const auto& [key, value] : checkpoint.metadata.values()) {
    hash.add_field(key);
    hash.add_number(value.index());
    std::visit([&](const auto& v) { add(v, hash); }, value);
  }
  add(checkpoint.tensors, hash);
  add(checkpoint.adapter_tensors, hash);
  return hash.hex();
}

}  // namespace limpid
