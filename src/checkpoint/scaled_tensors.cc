#include "checkpoint/scaled_tensors.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/checked.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr const char* kBlockSize = "quantization_config.weight_block_size";

bool is_float8(DType type) {
  return type == DType::kF8E4M3 || type == DType::kF8E5M2;
}

std::string text_of(const std::vector<size_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

/// What joining needs to know, and how it complains.
class Joiner {
 public:
  explicit Joiner(Checkpoint& checkpoint)
      : checkpoint_(checkpoint), tensors_(checkpoint.tensors), origin_(checkpoint.path.string()) {}

  Status join_all() {
    for (const auto& [ending, join] : kEndings) {
      for (const std::string& name : names_ending_in(ending)) {
        LIMPID_CHECK_OK((this->*join)(name, name.substr(0, name.size() - ending.size())));
      }
    }
    return {};
  }

 private:
  using Join = Status (Joiner::*)(const std::string& name, const std::string& stem);
  static const std::array<std::pair<std::string_view, Join>, 5> kEndings;

  /// Of tensors of every type, in case one has a type that a scale cannot have.
  std::vector<std::string> names_ending_in(std::string_view ending) const {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_) {
      if (name.ends_with(ending)) names.push_back(name);
    }
    for (const auto& [name, type] : checkpoint_.unsupported_tensors) {
      if (name.ends_with(ending)) names.push_back(name);
    }
    return names;
  }

  tl::unexpected<Error> unsupported(std::string_view name, std::string_view what) const {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: tensor {}: {}", origin_, quote(name), what));
  }
  tl::unexpected<Error> bad_shape(const TensorInfo& scale, std::string_view expected,
                                  const TensorInfo& weight) const {
    return corrupt(origin_,
                   fmt::format("tensor {}: expected shape {} for {} of shape {}, found {}", quote(scale.name),
                               expected, quote(weight.name), text_of(weight.shape), text_of(scale.shape)));
  }

  /// The weight that a scale belongs to, without a scale so far; nullptr when there is no such tensor.
  Result<TensorInfo*> weight_of(const std::string& scale, const std::string& stem) {
    const auto weight = tensors_.find(stem + ".weight");
    if (weight == tensors_.end()) return nullptr;
    if (!is_float8(weight->second.type)) {
      return unsupported(scale, fmt::format("expected F8_E4M3 or F8_E5M2 for {}, which it scales, found {}",
                                            quote(weight->first), info(weight->second.type).name));
    }
    if (weight->second.scale) return unsupported(scale, "is a second scale of the same weight");
    return &weight->second;
  }

  /// The tensor of a scale, of a type that a scale can have.
  Result<const TensorInfo*> scale_named(const std::string& name) const {
    LIMPID_TRY(const TensorInfo* scale, checkpoint_.require(name));
    constexpr std::array kTypes = {DType::kF32, DType::kF16, DType::kBF16, DType::kF8E8M0};
    if (std::find(kTypes.begin(), kTypes.end(), scale->type) != kTypes.end()) return scale;
    return unsupported(name, fmt::format("a scale of type {} is not supported", info(scale->type).name));
  }

  static TensorScale whole(const TensorInfo& weight, const TensorInfo& scale) {
    return {scale.type,
            scale.data,
            1,
            1,
            std::max<size_t>(weight.n_row(), 1),
            std::max<size_t>(weight.shape.back(), 1)};
  }

  Status join_rows(const std::string& name, const std::string& stem) {
    LIMPID_TRY(TensorInfo * weight, weight_of(name, stem));
    if (weight == nullptr) return {};
    LIMPID_TRY(const TensorInfo* scale, scale_named(name));
    std::vector<size_t> column = weight->shape;
    column.back() = 1;
    const std::vector<size_t> rows(column.begin(), column.end() - 1);
    TensorScale joined = whole(*weight, *scale);
    if (scale->shape == column || scale->shape == rows) {
      joined.rows = weight->n_row();
      joined.block_rows = 1;
    } else if (scale->n_element() != 1) {
      return bad_shape(*scale, "[1] or " + text_of(column), *weight);
    }
    weight->scale = joined;
    tensors_.erase(name);
    return {};
  }

  Status join_blocks(const std::string& name, const std::string& stem) {
    LIMPID_TRY(TensorInfo * weight, weight_of(name, stem));
    if (weight == nullptr) return {};
    LIMPID_TRY(const TensorInfo* scale, scale_named(name));
    TensorScale joined = whole(*weight, *scale);
    if (scale->n_element() != 1) {
      LIMPID_TRY(const auto block, block_size());
      std::vector<size_t> grid = weight->shape;
      if (grid.size() < 2) return unsupported(name, "blocks of scales for a vector are not supported");
      size_t& rows = grid[grid.size() - 2];
      if (grid.size() > 2 && rows % block[0] != 0) {
        return unsupported(
            name, fmt::format("blocks of {} rows in a stack of matrices of {} rows are not supported",
                              block[0], rows));
      }
      rows = rows / block[0] + (rows % block[0] != 0);
      grid.back() = grid.back() / block[1] + (grid.back() % block[1] != 0);
      if (scale->shape != grid) return bad_shape(*scale, text_of(grid), *weight);
      joined = {scale->type, scale->data, scale->n_row(), grid.back(), block[0], block[1]};
    }
    weight->scale = joined;
    tensors_.erase(name);
    return {};
  }

  /// Rows and columns of a block.
  Result<std::array<size_t, 2>> block_size() const {
    const MetadataValue* value = checkpoint_.metadata.find(kBlockSize);
    const auto* list = value == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(value);
    if (list == nullptr || list->size() != 2 || list->front() < 1 || list->back() < 1) {
      return corrupt(origin_,
                     fmt::format("{}: expected a list of two numbers above 0, as the weights have blocks of "
                                 "scales, found {}",
                                 kBlockSize, value == nullptr ? "none" : "something else"));
    }
    return std::array{static_cast<size_t>(list->front()), static_cast<size_t>(list->back())};
  }

  Status drop(const std::string& name, const std::string&) {
    tensors_.erase(name);
    return {};
  }

  Status refuse_zero_point(const std::string& name, const std::string& stem) {
    LIMPID_TRY(const TensorInfo* weight, weight_of(name, stem));
    if (weight == nullptr) return {};
    return unsupported(name, "zero points are not supported");
  }

  Status join_fp4(const std::string& name, const std::string& stem) {
    const auto codes = tensors_.find(name);
    const auto scales = tensors_.find(stem + "_scales");
    if (codes == tensors_.end() || scales == tensors_.end()) return {};
    if (codes->second.type != DType::kU8 || scales->second.type != DType::kU8) return {};
    constexpr size_t kBytes = 16, kElements = 32;  // of a block
    std::vector<size_t> shape = codes->second.shape;
    const auto row = checked_multiply(shape.size() < 3 ? 0 : shape[shape.size() - 2], kElements);
    if (shape.size() < 3 || shape.back() != kBytes || !row) {
      return corrupt(origin_, fmt::format("tensor {}: expected shape [..., rows, blocks, {}], found {}",
                                          quote(name), kBytes, text_of(shape)));
    }
    shape.pop_back();
    if (scales->second.shape != shape) return bad_shape(scales->second, text_of(shape), codes->second);
    shape.back() = *row;
    TensorInfo joined = {stem, DType::kFP4, std::move(shape), codes->second.data};
    joined.scale = {DType::kF8E8M0, scales->second.data, joined.n_row(), *row / kElements, 1, kElements};
    tensors_.erase(codes);
    tensors_.erase(scales);
    if (tensors_.emplace(stem, std::move(joined)).second) return {};
    return corrupt(origin_, fmt::format("tensor {}: is there both in blocks and whole", quote(stem)));
  }

  Checkpoint& checkpoint_;
  TensorMap& tensors_;
  std::string origin_;
};

const std::array<std::pair<std::string_view, Joiner::Join>, 5> Joiner::kEndings = {{
    {".weight_zero_point", &Joiner::refuse_zero_point},
    {".weight_scale", &Joiner::join_rows},
    {".weight_scale_inv", &Joiner::join_blocks},
    {".input_scale", &Joiner::drop},
    {"_blocks", &Joiner::join_fp4},
}};

/// Of compressed-tensors: the formats that store 8-bit floats as such.
bool is_known_format(std::string_view method, std::string_view format) {
  return method != "compressed-tensors" || format == "float-quantized" || format == "naive-quantized";
}

}  // namespace

Status check_quantization(const Metadata& config, std::string_view origin) {
  constexpr std::string_view kPrefix = "quantization_config.";
  constexpr std::array<std::string_view, 4> kMethods = {"fp8", "fbgemm_fp8", "compressed-tensors", "mxfp4"};
  const auto first = config.values().lower_bound(kPrefix);
  if (first == config.values().end() || !first->first.starts_with(kPrefix)) return {};
  const auto method = config.get_string("quantization_config.quant_method");
  const auto format = config.get_string("quantization_config.format");
  if (!method) return corrupt(origin, method.error().message);
  if (!format) return corrupt(origin, format.error().message);
  const std::string name = method->value_or("");
  const bool known = std::find(kMethods.begin(), kMethods.end(), name) != kMethods.end();
  if (known && is_known_format(name, format->value_or("float-quantized"))) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("{}: weights quantised with {}{} are not supported", origin,
                          name.empty() ? "a method that is not named" : quote(name),
                          known ? fmt::format(" in the format {}", quote(**format)) : ""),
              "open the model as it was before it was quantised, or a GGUF file of it");
}

Status join_scales(Checkpoint& checkpoint) {
  return Joiner(checkpoint).join_all();
}

}  // namespace limpid
