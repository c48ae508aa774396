#include "checkpoint/adapter_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checkpoint/json.h"
#include "checkpoint/json_metadata.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr int64_t kMaxRank = 1 << 20;

/// Settings that change more than W + scale B A, or other matrices than the file says.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kRefused = {{
    {"use_dora", "DoRA"},
    {"modules_to_save", "whole modules trained beside the adapter"},
    {"lora_bias", "biases of the adapter's matrices"},
    {"rank_pattern", "ranks that differ between modules"},
    {"alpha_pattern", "scales that differ between modules"},
    {"layer_replication", "replicated layers"},
    {"trainable_token_indices", "trained tokens"},
    {"target_parameters", "updates of parameters that are no modules"},
    {"alora_invocation_tokens", "activated LoRA"},
    {"use_qalora", "QA-LoRA"},
    {"arrow_config", "Arrow routing"},
}};

/// Ways to begin that leave the base as it is; the others start from a changed base, which the file lacks.
constexpr std::string_view kPlainStarts[] = {"gaussian", "eva", "orthogonal"};

/// Present and neither false, empty nor null; an object counts by what is in it.
bool is_set(const Metadata& metadata, std::string_view key) {
  const std::string prefix = std::string(key) + ".";
  const auto begins = [&](const auto& item) { return item.first == key || item.first.starts_with(prefix); };
  if (std::ranges::any_of(metadata.omitted(), begins)) return true;
  return std::ranges::any_of(metadata.values(), [&](const auto& item) {
    if (!begins(item)) return false;
    if (const bool* flag = std::get_if<bool>(&item.second)) return *flag;
    if (const auto* list = std::get_if<std::vector<std::string>>(&item.second)) return !list->empty();
    return true;
  });
}

Status refuse(const Metadata& metadata, std::string_view origin) {
  const auto unsupported = [&](std::string_view what) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: {} is not supported", origin, what),
                "merge the adapter into its base with PEFT (merge_and_unload), save that and open it");
  };
  LIMPID_TRY(const auto kind, metadata.get_string("peft_type"));
  if (kind != "LORA") return unsupported(fmt::format("an adapter of type {}", quote(kind.value_or("none"))));
  for (const auto& [key, what] : kRefused) {
    if (is_set(metadata, key)) return unsupported(fmt::format("{} ('{}')", what, key));
  }
  LIMPID_TRY(const auto bias, metadata.get_string("bias"));
  if (bias.value_or("none") != "none") return unsupported(fmt::format("bias {}", quote(*bias)));
  const MetadataValue* start = metadata.find("init_lora_weights");
  const auto* name = start == nullptr ? nullptr : std::get_if<std::string>(start);
  if (name != nullptr && std::ranges::find(kPlainStarts, *name) == std::end(kPlainStarts)) {
    return unsupported(fmt::format("init_lora_weights {}, which changes the base too,", quote(*name)));
  }
  return {};
}

}  // namespace

Result<AdapterConfig> read_adapter_config(const std::filesystem::path& path) {
  const std::string origin = path.string();
  LIMPID_TRY(const nlohmann::json document, read_json(path));
  LIMPID_TRY(const Metadata metadata, flatten_json(document, origin));
  LIMPID_CHECK_OK(refuse(metadata, origin));
  LIMPID_TRY(const auto rank, metadata.get_int("r"));
  LIMPID_TRY(const auto alpha, metadata.get_double("lora_alpha"));
  LIMPID_TRY(const auto by_root, metadata.get_bool("use_rslora"));
  LIMPID_TRY(const auto transposed, metadata.get_bool("fan_in_fan_out"));
  if (!rank || *rank < 1 || *rank > kMaxRank) {
    return corrupt(origin, fmt::format("'r': expected a rank from 1 to {}, found {}", kMaxRank,
                                       rank ? std::to_string(*rank) : "none"));
  }
  if (!alpha || !std::isfinite(*alpha)) return corrupt(origin, "expected a number 'lora_alpha', found none");
  const auto r = static_cast<double>(*rank);
  AdapterConfig config;
  config.rank = static_cast<size_t>(*rank);
  config.scale = static_cast<float>(*alpha / (by_root.value_or(false) ? std::sqrt(r) : r));
  config.is_transposed = transposed.value_or(false);
  return config;
}

}  // namespace limpid
