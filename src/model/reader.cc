#include "model/reader.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <limits>
#include <type_traits>

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
  if (!is_gguf() || name.gguf.empty()) return pick(name);
  return *asked_.insert(prefix_ + name.gguf).first;
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

int ModelReader::size_or_hf(const Name& name, int hf_default) {
  return is_gguf() ? size(name) : size_or(name, hf_default);
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

template <class T>
std::vector<T> ModelReader::list(const Name& name, std::string_view kind) {
  const std::string full = key(name);
  const MetadataValue* value = full.empty() ? nullptr : checkpoint_.metadata.find(full);
  if (value == nullptr) return {};
  if (const auto* values = std::get_if<std::vector<T>>(value)) return *values;
  // An empty list of JSON has no type; GGUF lists of integers stand for any kind of number.
  if (const auto* values = std::get_if<std::vector<std::string>>(value);
      values != nullptr && values->empty()) {
    return {};
  }
  if constexpr (!std::is_same_v<T, std::string>) {
    if (const auto* values = std::get_if<std::vector<int64_t>>(value))
      return {values->begin(), values->end()};
  }
  set_error(ErrorCode::kCorrupt, fmt::format("'{}': expected a list of {}", full, kind));
  return {};
}

std::vector<double> ModelReader::numbers(const Name& name) {
  return list<double>(name, "numbers");
}
std::vector<std::string> ModelReader::texts(const Name& name) {
  return list<std::string>(name, "texts");
}
std::vector<bool> ModelReader::flags(const Name& name) {
  return list<bool>(name, "true and false");
}

bool ModelReader::has(const Name& name) const {
  return checkpoint_.metadata.contains(key(name));
}

bool ModelReader::is_null(const Name& name) const {
  return checkpoint_.metadata.is_null(key(name));
}

void ModelReader::refuse(const Name& name, std::string_view feature) {
  const MetadataValue* value = checkpoint_.metadata.find(key(name));
  if (value == nullptr) return;
  if (const bool* flag = std::get_if<bool>(value); flag != nullptr && !*flag) return;
  set_error(ErrorCode::kUnsupported, fmt::format("{} ('{}') is not supported", feature, key(name)));
}

void ModelReader::refuse_unread_keys() {
  if (!is_gguf()) return;
  const Name causal = {"", "attention.causal"};
  refuse_if(!flag_or(causal, true), fmt::format("attention in both directions ('{}')", key(causal)));
  for (const char* name :
       {"attention.sliding_window", "attention.clamp_kqv", "attention.max_alibi_bias", "attention.scale",
        "attn_logit_softcapping", "final_logit_softcapping", "logit_scale", "embedding_scale",
        "residual_scale", "expert_count", "expert_weights_scale", "leading_dense_block_count"}) {
    if (asked_.contains(prefix_ + name)) continue;
    const double value = number_or({"", name}, 0);
    refuse_if(value != 0, fmt::format("'{}{}' {} of this architecture", prefix_, name, value));
  }
}

void ModelReader::refuse_if(bool condition, std::string_view feature) {
  if (condition) set_error(ErrorCode::kUnsupported, fmt::format("{} is not supported", feature));
}

bool ModelReader::has_tensor(const Name& name) const {
  return !pick(name).empty() && checkpoint_.find(pick(name)) != nullptr;
}

DType ModelReader::type_of(const Name& name) const {
  return has_tensor(name) ? checkpoint_.find(pick(name))->type : DType::kF32;
}

size_t ModelReader::n_dim(const Name& name) const {
  return has_tensor(name) ? checkpoint_.find(pick(name))->shape.size() : 0;
}

const TensorInfo* ModelReader::tensor(const Name& name, std::initializer_list<size_t> shape) {
  return tensor_if(name, shape, true);
}

const TensorInfo* ModelReader::tensor_if(const Name& name, std::initializer_list<size_t> shape,
                                         bool required) {
  const std::string& full = pick(name);
  read_.insert(full);
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

void ModelReader::refuse_unread_tensors(const Name& prefix) {
  // Masks and rotary tables that old versions of transformers stored, scales of quantised activations and
  // caches.
  static constexpr std::array<std::string_view, 9> kLeftOvers = {
      ".attn.bias",  ".masked_bias", ".attention.bias", ".inv_freq", ".cos_cached",
      ".sin_cached", ".input_scale", ".k_scale",        ".v_scale"};
  const std::string& begin = pick(prefix);
  for (auto it = checkpoint_.tensors.lower_bound(begin);
       it != checkpoint_.tensors.end() && it->first.starts_with(begin); ++it) {
    const std::string& name = it->first;
    const bool left_over =
        std::ranges::any_of(kLeftOvers, [&](std::string_view ending) { return name.ends_with(ending); });
    if (left_over || read_.contains(name)) continue;
    set_error(ErrorCode::kUnsupported, fmt::format("tensor '{}' is not part of this architecture", name),
              "a variant of the architecture, or files of two models mixed?");
    return;
  }
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

const TensorInfo* ModelReader::bias_of(const Name& stem, size_t width, Bias bias) {
  const Name name = {stem.hf.empty() ? "" : stem.hf + ".bias", stem.gguf.empty() ? "" : stem.gguf + ".bias"};
  if (is_gguf() && bias == Bias::kNo) bias = Bias::kAsStored;
  if (bias == Bias::kNo && has_tensor(name)) {
    set_error(ErrorCode::kCorrupt,
              fmt::format("tensor '{}': expected none by the configuration, found one", pick(name)),
              "the configuration and the weights disagree: files of two models mixed?");
    return nullptr;
  }
  return tensor_if(name, {width}, bias == Bias::kYes);
}

LinearWeights ModelReader::linear(const Name& stem, size_t n_out, size_t n_in, Bias bias) {
  const TensorInfo* weight = tensor({stem.hf + ".weight", stem.gguf + ".weight"}, {n_out, n_in});
  return whole(weight, bias_of(stem, n_out, bias), n_out, n_in);
}

NormWeights ModelReader::norm(const Name& stem, size_t width, Bias bias) {
  NormWeights norm{width, {}, {}, norm_offset_};
  norm.weight.push_back({tensor({stem.hf + ".weight", stem.gguf + ".weight"}, {width}), 0, width, 1});
  if (const TensorInfo* stored = bias_of(stem, width, bias)) norm.bias.push_back({stored, 0, width, 1});
  return norm;
}

std::string ModelReader::prefix_of(std::string_view name, std::string_view prefixes) const {
  const std::string_view first = prefixes.substr(0, prefixes.find('|'));
  for (std::string_view rest = prefixes; !rest.empty();) {
    const std::string_view prefix = rest.substr(0, rest.find('|'));
    if (checkpoint_.find(fmt::format("{}{}", prefix, name)) != nullptr) return std::string(prefix);
    rest.remove_prefix(std::min(rest.size(), prefix.size() + 1));
  }
  return std::string(checkpoint_.find(name) != nullptr ? "" : first);
}

LayerNames::LayerNames(std::string_view hf_prefix, int layer)
    : hf_(fmt::format("{}{}.", hf_prefix, layer)), gguf_(fmt::format("blk.{}.", layer)) {}

Name LayerNames::operator()(std::string_view hf, std::string_view gguf) const {
  return {hf.empty() ? "" : fmt::format("{}{}", hf_, hf),
          gguf.empty() ? "" : fmt::format("{}{}", gguf_, gguf)};
}

LinearWeights whole(const TensorInfo* weight, const TensorInfo* bias, size_t n_out, size_t n_in,
                    bool transposed) {
  LinearWeights linear{n_out, n_in, {{weight, 0, n_out, 1, transposed}}, {}};
  if (bias != nullptr) linear.bias.push_back({bias, 0, n_out, 1});
  return linear;
}

LinearWeights rows_of(const LinearWeights& linear, size_t begin, size_t count, size_t stride) {
  LinearWeights part{count, linear.n_in, linear.rows, linear.bias};
  const auto narrow = [&](auto& slice) {
    slice.begin += begin * slice.stride;
    slice.count = count;
    slice.stride *= stride;
  };
  narrow(part.rows.front());
  if (!part.bias.empty()) narrow(part.bias.front());
  return part;
}

LinearWeights stack(std::span<const LinearWeights> parts) {
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

LinearWeights stack(std::initializer_list<LinearWeights> parts) {
  return stack(std::span(parts.begin(), parts.size()));
}

LinearWeights grouped_rows(const LinearWeights& fused, size_t n_group, size_t period, size_t d, size_t which,
                           size_t count) {
  std::vector<LinearWeights> parts;
  for (size_t g = 0; g < n_group; ++g) parts.push_back(rows_of(fused, (g * period + which) * d, count * d));
  return stack(parts);
}

LinearWeights split_fused_heads(const LinearWeights& fused, size_t n_head, size_t d_head) {
  return stack({grouped_rows(fused, n_head, 3, d_head, 0), grouped_rows(fused, n_head, 3, d_head, 1),
                grouped_rows(fused, n_head, 3, d_head, 2)});
}

LinearWeights unpermute(const LinearWeights& linear, size_t d_head) {
  std::vector<LinearWeights> parts;
  for (size_t begin = 0; begin < linear.n_out; begin += d_head) {
    for (const size_t parity : {0, 1}) parts.push_back(rows_of(linear, begin + parity, d_head / 2, 2));
  }
  return stack(parts);
}

}  // namespace limpid
