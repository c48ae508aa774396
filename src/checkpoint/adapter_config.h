// adapter_config.json: what kind of adapter it is. Internal to this folder.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace limpid {

struct AdapterConfig {
  size_t rank = 0;
  float scale = 0;             // what B A is multiplied with
  bool is_transposed = false;  // of layers that store [n_in, n_out], as gpt2's do
};

/// Errors: kNotFound, kCorrupt; kUnsupported for every setting that asks for more than W + scale B A, by
/// name.
Result<AdapterConfig> read_adapter_config(const std::filesystem::path& path);

}  // namespace limpid
