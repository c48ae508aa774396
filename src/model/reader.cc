#include "model/reader.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>

namespace limpid {

namespace {

const char* hint_for_missing(bool gguf) {
  return gguf ? "the file is incomplete, or was converted by a program that leaves it out"
              : "an incomplete download, or a folder of another architecture?";
}

}  // namespace

ModelReader::ModelReader(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
  if (!is_gguf()) return;
  const auto architecture = checkpoint.metadata.get_string("general.architecture");
  if (architecture && *architecture) prefix_ = **architecture + ".";
}

Status ModelReader::status() const {
  if (error_) return tl::unexpected<Error>(*error_);
  return {};
}

void ModelReader::set_error(ErrorCode code, std::string message, std::string hint) {
  if (error_) return;
  error_ = Error{code, fmt::format("{}: {}", checkpoint_.path.string(), message), std::move(hint)};
}

std::string ModelReader::key(const Name& name) const {
  return is_gguf() && !name.gguf.empty() ? prefix_ + name.gguf : pick(name);
}

template <class T, class Get>
std::optional<T> ModelReader::read(const Name& name, Get get) {
  const std::string full = key(name);
  if (full.empty()) return std::nullopt;
  Result<std::optional<T>> value = get(checkpoint_.metadata, full);
  if (!value) {
    set_error(value.error().code, value.error().message, value.error().hint);
    return std::nullopt;
  }
  return *value;
}

int ModelReader::size(const Name& name) {
  if (!has(name)) {
    set_error(ErrorCode::kCorrupt, fmt::format("configuration has no '{}'", key(name)),
              hint_for_missing(is_gguf()));
    return 0;
  }
  return size_or(name, 0);
}

int ModelReader::size_or(const Name& name, int fallback) {
  const auto value =
      read<int64_t>(name, [](const Metadata& m, const std::string& k) { return m.get_int(k); });
  if (!value) return fallback;
  if (*value < 1 || *value > std::numeric_limits<int>::max()) {
    set_error(ErrorCode::kCorrupt,
              fmt::format("'{}': expected an integer from 1 to 2147483647, found {}", key(name), *value));
    return fallback;
  }
  return static_cast<int>(*value);
}

double ModelReader::number(const Name& name) {
  if (!has(name)) {
    set_error(ErrorCode::kCorrupt, fmt::format("configuration has no '{}'", key(name)),
              hint_for_missing(is_gguf()));
  }
  return number_or(name, 0);
}

double ModelReader::number_or(const Name& name, double fallback) {
  return read<double>(name, [](const Metadata& m, const std::string& k) { return m.get_double(k); })
      .value_or(fallback);
}

bool ModelReader::flag_or(const Name& name, bool fallback) {
  return read<bool>(name, [](const Metadata& m, const std::string& k) { return m.get_bool(k); })
      .value_or(fallback);
}

std::string ModelReader::text_or(const Name& name, std::string fallback) {
  return read<std::string>(name, [](const Metadata& m, const std::string& k) { return m.get_string(k); })
      .value_or(std::move(fallback));
}

bool ModelReader::has(const Name& name) const {
  return checkpoint_.metadata.contains(key(name));
}

void ModelReader::refuse(const Name& name, std::string_view feature) {
  const MetadataValue* value = checkpoint_.metadata.find(key(name));
  if (value == nullptr) return;
  if (const bool* flag = std::get_if<bool>(value); flag != nullptr && !*flag) return;
  set_error(ErrorCode::kUnsupported, fmt::format("{} ('{}') is not supported", feature, key(name)));
}

bool ModelReader::has_tensor(const Name& name) const {
  return !pick(name).empty() && checkpoint_.find(pick(name)) != nullptr;
}

const TensorInfo* ModelReader::tensor(const Name& name, std::initializer_list<size_t> shape) {
  return tensor_if(name, shape, true);
}

const TensorInfo* ModelReader::tensor_if(const Name& name, std::initializer_list<size_t> shape,
                                         bool required) {
  const std::string& full = pick(name);
  const TensorInfo* tensor = full.empty() ? nullptr : checkpoint_.find(full);
  if (tensor == nullptr) {
    if (!required) return nullptr;
    if (const auto type = checkpoint_.unsupported_tensors.find(full);
        type != checkpoint_.unsupported_tensors.end()) {
      set_error(ErrorCode::kUnsupported,
                fmt::format("tensor '{}' has type {}, which is not supported", full, type->second));
    } else {
      set_error(ErrorCode::kCorrupt, fmt::format("tensor '{}' is missing", full),
                hint_for_missing(is_gguf()));
    }
    return nullptr;
  }
  if (!std::ranges::equal(tensor->shape, shape)) {
    set_error(ErrorCode::kCorrupt,
              fmt::format("tensor '{}': expected shape [{}], found [{}]", full, fmt::join(shape, ", "),
                          fmt::join(tensor->shape, ", ")),
              "the configuration and the weights disagree: files of two models mixed?");
    return nullptr;
  }
  if (!is_weight_type(tensor->type)) {
    set_error(ErrorCode::kCorrupt,
              fmt::format("tensor '{}': expected a weight type, found {}", full, info(tensor->type).name));
    return nullptr;
  }
  return tensor;
}

std::span<const size_t> ModelReader::shape(const Name& name, size_t n_dim) {
  static constexpr std::array<size_t, 8> kZeros = {};
  const TensorInfo* tensor = has_tensor(name) ? checkpoint_.find(pick(name)) : nullptr;
  if (tensor == nullptr) {
    set_error(ErrorCode::kCorrupt, fmt::format("tensor '{}' is missing", pick(name)),
              hint_for_missing(is_gguf()));
  } else if (tensor->shape.size() != n_dim) {
    set_error(ErrorCode::kCorrupt, fmt::format("tensor '{}': expected {} dimensions, found {}", pick(name),
                                               n_dim, tensor->shape.size()));
  } else {
    return tensor->shape;
  }
  return std::span(kZeros).first(n_dim);
}

std::string layer_name(std::string_view pattern, int layer) {
  return fmt::format(fmt::runtime(pattern), layer);
}

LinearWeights whole(const TensorInfo* weight, const TensorInfo* bias, size_t n_out, size_t n_in,
                    bool transposed) {
  LinearWeights linear{n_out, n_in, {{weight, 0, n_out, 1, transposed}}, {}};
  if (bias != nullptr) linear.bias.push_back({bias, 0, n_out, 1});
  return linear;
}

LinearWeights stack(std::initializer_list<LinearWeights> parts) {
  LinearWeights all;
  const bool any_bias = std::ranges::any_of(parts, [](const auto& part) { return !part.bias.empty(); });
  for (const LinearWeights& part : parts) {
    all.n_out += part.n_out;
    all.n_in = part.n_in;
    all.rows.insert(all.rows.end(), part.rows.begin(), part.rows.end());
    if (!any_bias) continue;
    if (part.bias.empty()) {
      all.bias.push_back({nullptr, 0, part.n_out, 1});
    } else {
      all.bias.insert(all.bias.end(), part.bias.begin(), part.bias.end());
    }
  }
  return all;
}

}  // namespace limpid
