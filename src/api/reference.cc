#include "api/reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <set>

namespace limpid {

namespace {

constexpr double kStateTolerance = 5e-5;  // logits and states, relative to the largest entry of the tensor
constexpr double kAttentionTolerance = 5e-5;  // absolute, as what it sums to is 1
constexpr double kShareTolerance = 1e-4;      // the same

bool is_share(std::string_view kind) {
  return kind.starts_with("contribution.");
}

bool is_absolute(std::string_view kind) {
  return kind == "attention" || is_share(kind);
}

double tolerance_of(std::string_view kind) {
  return is_share(kind) ? kShareTolerance : is_absolute(kind) ? kAttentionTolerance : kStateTolerance;
}

/// Value i of stored numbers, which may be misaligned.
template <class T>
T value_at(std::span<const std::byte> bytes, size_t i) {
  T value;
  std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

tl::unexpected<Error> unusable(const std::filesystem::path& path, const std::string& what,
                               std::string hint = {}) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", path.string(), what), std::move(hint));
}

Result<std::vector<int>> read_ids(const SafetensorsFile& file, const std::filesystem::path& path) {
  const auto it = file.tensors.find("ids");
  if (it == file.tensors.end()) {
    return unusable(path, "expected a tensor 'ids', found none", "a file that `limpid trace` writes has one");
  }
  const TensorInfo& tensor = it->second;
  if (tensor.type != DType::kI64 || tensor.shape.size() != 1) {
    return unusable(path, fmt::format("tensor 'ids': expected I64 in one dimension, found {} of shape [{}]",
                                      info(tensor.type).name, fmt::join(tensor.shape, ", ")));
  }
  std::vector<int> ids;
  for (size_t i = 0; i < tensor.n_element(); ++i) {
    const auto id = value_at<int64_t>(tensor.data, i);
    if (id < 0 || id > std::numeric_limits<int>::max()) {
      return unusable(path, fmt::format("tensor 'ids': expected token ids, found {}", id));
    }
    ids.push_back(static_cast<int>(id));
  }
  return ids;
}

/// Notes the largest departure of the run's tensor from the stored one.
Status compare_tensor(const RunTensor& tensor, const TensorInfo& stored, Check& check) {
  double scale = 1;
  for (size_t i = 0; !is_absolute(tensor.kind) && i < stored.n_element(); ++i) {
    const double value = std::abs(static_cast<double>(value_at<float>(stored.data, i)));
    if (std::isfinite(value)) scale = std::max(scale, value);  // one that is not will not compare
  }
  size_t next = 0;
  return tensor.produce([&](std::span<const float> values) -> Status {
    for (const float value : values) {
      const double expected = static_cast<double>(value_at<float>(stored.data, next));
      check.note(std::abs(static_cast<double>(value) - expected) / scale, tensor.layer,
                 static_cast<int>(tensor.position(next)));
      ++next;
    }
    return {};
  });
}

}  // namespace

Result<Reference> Reference::open(const std::filesystem::path& path) {
  Reference reference;
  reference.path_ = path;
  LIMPID_TRY(reference.file_, read_safetensors(path));
  LIMPID_TRY(reference.ids_, read_ids(reference.file_, path));
  return reference;
}

Status Reference::check_tensors(const RunTensors& run) const {
  if (file_.tensors.size() + file_.unsupported_tensors.size() == 1) {
    return unusable(path_, "expected tensors beside 'ids', found none", "for example logits or resid_post.0");
  }
  if (!file_.unsupported_tensors.empty()) {
    const auto& [name, type] = *file_.unsupported_tensors.begin();
    return unusable(path_, fmt::format("tensor '{}': expected F32, found {}", name, type));
  }
  for (const auto& [name, stored] : file_.tensors) {
    if (name == "ids") continue;
    const auto tensor = std::ranges::find(run.tensors(), name, &RunTensor::name);
    if (tensor == run.tensors().end()) {
      return unusable(
          path_,
          fmt::format("tensor '{}': expected a tensor of this model's run, found none of that name", name),
          "`limpid trace` writes all of them; `limpid trace --help` has the names");
    }
    if (stored.type != DType::kF32) {
      return unusable(path_,
                      fmt::format("tensor '{}': expected F32, found {}", name, info(stored.type).name));
    }
    if (stored.shape != tensor->shape) {
      return unusable(path_,
                      fmt::format("tensor '{}': expected the shape [{}], found [{}]", name,
                                  fmt::join(tensor->shape, ", "), fmt::join(stored.shape, ", ")),
                      "a reference is made with the same model and its own ids");
    }
  }
  return {};
}

Result<std::vector<Check>> Reference::compare(const RunTensors& run, const RunControl& control) const {
  LIMPID_CHECK_OK(check_tensors(run));
  std::vector<Check> checks;
  size_t done = 0;
  for (const RunTensor& tensor : run.tensors()) {
    const auto stored = file_.tensors.find(tensor.name());
    if (stored == file_.tensors.end()) continue;
    LIMPID_CHECK_OK(
        control.tick("compare", static_cast<double>(done++) / static_cast<double>(file_.tensors.size())));
    const std::string name = "reference." + tensor.kind;
    auto check = std::ranges::find(checks, name, &Check::name);
    if (check == checks.end()) {
      checks.push_back({name, "reference: " + tensor.kind, tolerance_of(tensor.kind)});
      check = checks.end() - 1;
    }
    LIMPID_CHECK_OK(compare_tensor(tensor, stored->second, *check));
  }
  return checks;
}

}  // namespace limpid
