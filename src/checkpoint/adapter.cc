#include "checkpoint/adapter.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "checkpoint/adapter_config.h"
#include "checkpoint/hub_folder.h"
#include "checkpoint/json.h"
#include "checkpoint/pytorch_file.h"
#include "checkpoint/safetensors_file.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "adapter_config.json";
constexpr const char* kSafetensors = "adapter_model.safetensors";
constexpr const char* kPytorch = "adapter_model.bin";
constexpr std::string_view kWrapper = "base_model.model.";  // PEFT's own modules around the model

Result<HubFile> read_weights(const fs::path& folder) {
  if (is_file(folder / kSafetensors)) {
    LIMPID_TRY(SafetensorsFile file, read_safetensors(folder / kSafetensors));
    return HubFile{std::move(file.tensors), std::move(file.unsupported_tensors), std::move(file.file)};
  }
  if (is_file(folder / kPytorch)) {
    LIMPID_TRY(PytorchFile file, read_pytorch(folder / kPytorch));
    return HubFile{std::move(file.tensors), std::move(file.unsupported_tensors), std::move(file.file)};
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("{}: expected {} or {} beside {}, found neither", folder.string(), kSafetensors,
                          kPytorch, kConfig),
              "fetch it into the same folder");
}

/// The two factors of one module.
struct Pair {
  const TensorInfo* a = nullptr;
  const TensorInfo* b = nullptr;
};

class Adder {
 public:
  Adder(std::string origin, const AdapterConfig& config, Checkpoint& base)
      : origin_(std::move(origin)), config_(config), base_(base) {}

  Status add() {
    std::map<std::string, Pair> pairs;  // by module
    for (const auto& [name, tensor] : base_.adapter_tensors) LIMPID_CHECK_OK(sort_in(tensor, pairs));
    if (pairs.empty()) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: the adapter changes nothing: it has no tensors", origin_));
    }
    for (const auto& [module, pair] : pairs) LIMPID_CHECK_OK(attach(module, pair));
    return {};
  }

 private:
  tl::unexpected<Error> unsupported(std::string_view what, std::string hint = {}) const {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: {}", origin_, what), std::move(hint));
  }

  /// base_model.model.MODULE.lora_A.weight, or .lora_A.ADAPTER.weight
  Status sort_in(const TensorInfo& tensor, std::map<std::string, Pair>& pairs) const {
    const std::string_view name = tensor.name;
    const size_t at = name.rfind(".lora_");
    const std::string_view half = at == name.npos ? "" : name.substr(at + 1);
    const bool is_a = half.starts_with("lora_A.");
    if (!name.starts_with(kWrapper) || at <= kWrapper.size() || !(is_a || half.starts_with("lora_B.")) ||
        !half.ends_with(".weight")) {
      return unsupported(
          fmt::format("tensor {}: expected one half of a pair, {}MODULE.lora_A.weight or lora_B.weight",
                      quote(name), kWrapper),
          "only plain LoRA of linear layers is supported");
    }
    if (tensor.shape.size() != 2 || !is_weight_type(tensor.type)) {
      return corrupt(
          origin_, fmt::format("tensor {}: expected a matrix of weights, found {} of shape [{}]", quote(name),
                               info(tensor.type).name, fmt::join(tensor.shape, ", ")));
    }
    Pair& pair = pairs[std::string(name.substr(kWrapper.size(), at - kWrapper.size()))];
    const TensorInfo*& place = is_a ? pair.a : pair.b;
    if (place != nullptr) {
      return unsupported(
          fmt::format("tensors {} and {}: several adapters in one file", quote(place->name), quote(name)));
    }
    place = &tensor;
    return {};
  }

  /// The base's tensor; nullptr when it has none of this name under any prefix.
  TensorInfo* find_target(const std::string& module) const {
    const std::string name = module + ".weight";
    const std::string shorter = name.substr(name.find('.') + 1);
    for (const std::string& candidate : {name, shorter, "model." + name, "transformer." + name}) {
      if (const auto it = base_.tensors.find(candidate); it != base_.tensors.end()) return &it->second;
    }
    return nullptr;
  }

  Status attach(const std::string& module, const Pair& pair) const {
    if (pair.a == nullptr || pair.b == nullptr) {
      return corrupt(origin_, fmt::format("module {}: expected a pair, found only lora_{}", quote(module),
                                          pair.a == nullptr ? "B" : "A"));
    }
    TensorInfo* target = find_target(module);
    if (target == nullptr) {
      return unsupported(fmt::format("module {}: {} has no such tensor", quote(module), base_.path.string()),
                         "the adapter belongs to another model; its adapter_config.json names it "
                         "(base_model_name_or_path)");
    }
    const auto& a = pair.a->shape;
    const auto& b = pair.b->shape;
    if (a[0] != config_.rank || b[1] != config_.rank) {
      return corrupt(origin_, fmt::format("module {}: expected rank {}, found {} and {}", quote(module),
                                          config_.rank, a[0], b[1]));
    }
    const std::vector<size_t> shape =
        config_.is_transposed ? std::vector{a[1], b[0]} : std::vector{b[0], a[1]};
    if (target->shape != shape) {
      return unsupported(
          fmt::format("module {}: an update of a [{}] matrix, but {} is [{}]", quote(module),
                      fmt::join(shape, ", "), quote(target->name), fmt::join(target->shape, ", ")),
          "the adapter belongs to a model of another size");
    }
    if (target->update) {
      return corrupt(origin_,
                     fmt::format("module {}: {} is changed twice", quote(module), quote(target->name)));
    }
    target->update = LowRankUpdate{pair.a, pair.b, config_.scale, config_.is_transposed};
    return {};
  }

  std::string origin_;
  AdapterConfig config_;
  Checkpoint& base_;
};

}  // namespace

bool is_adapter(const fs::path& path) {
  return is_file(path / kConfig) && !is_file(path / "config.json");
}

std::string adapter_base_name(const fs::path& folder) {
  const auto config = read_json(folder / kConfig);
  if (!config || !config->is_object()) return "";
  const auto it = config->find("base_model_name_or_path");
  return it != config->end() && it->is_string() ? it->get<std::string>() : "";
}

Status add_adapter(const fs::path& folder, Checkpoint& base) {
  if (!is_file(folder / kConfig)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: expected a folder with {}, found none", folder.string(), kConfig),
                "an adapter is a folder that PEFT's save_pretrained wrote");
  }
  if (base.dialect == Dialect::kGguf) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: an adapter for a GGUF file is not supported", folder.string()),
                "adapters name tensors as Hugging Face does: open the model's Hugging Face folder instead");
  }
  LIMPID_TRY(const AdapterConfig config, read_adapter_config(folder / kConfig));
  LIMPID_TRY(HubFile file, read_weights(folder));
  if (!file.unsupported_tensors.empty()) {
    const auto& [name, type] = *file.unsupported_tensors.begin();
    return fail(ErrorCode::kUnsupported, fmt::format("{}: tensor {}: has type {}, which is not supported",
                                                     folder.string(), quote(name), type));
  }
  base.adapter = folder;
  base.adapter_tensors = std::move(file.tensors);
  base.files.push_back(std::move(file.file));
  return Adder(folder.string(), config, base).add();
}

}  // namespace limpid
