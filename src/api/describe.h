// What can be said of a model before running it, and which models there are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyses/memory_estimate.h"
#include "api/open_model.h"
#include "base/result.h"
#include "model/spec.h"

namespace limpid {

struct ModelInfo {
  std::filesystem::path path;
  std::filesystem::path adapter;     // empty without
  std::string format;                // "gguf"
  std::string architecture;          // as the file names it
  std::optional<ModelSpec> spec;     // absent when not supported
  std::optional<Error> unsupported;  // why
  size_t n_tensor = 0;
  size_t n_parameter = 0;
  std::map<std::string, size_t> n_tensor_by_type;  // "Q4_1" -> 150
  std::string tokenizer;                           // where it comes from, or why there is none
  bool has_tokenizer = false;
  size_t n_tok = 0;  // what the estimate is for
  MemoryEstimate memory;
  size_t memory_budget = 0;  // what a run may take
  MemoryPlan plan;           // what becomes of the weights then
};

/// Reads headers only; no weights are decoded. Errors: kNotFound, kCorrupt, kIo, and kUnsupported for a
/// checkpoint whose bytes cannot be read at all; an architecture nobody registered is not an error.
Result<ModelInfo> describe(std::string_view model, size_t n_tok, const OpenOptions& options = {});

struct FamilyInfo {
  std::string_view name, gguf_architecture, examples, refused, notes;  // as in model/family.h
};
struct FormatInfo {
  std::string_view name, description, weights;  // as in checkpoint/format.h
};
struct AdapterInfo {
  std::string_view name, description;
};
struct LocalModel {
  std::string name;  // what to write as MODEL; empty for the default model
  std::filesystem::path path;
  std::string format;
  uintmax_t n_bytes = 0;
};
struct Models {
  std::vector<FamilyInfo> families;
  std::vector<FormatInfo> formats;
  std::vector<AdapterInfo> adapters;
  std::vector<LocalModel> local;
};
Models list_models();

struct LocatedModel {
  std::filesystem::path path;
  std::string display_name;  // as Session::name
  uintmax_t n_bytes = 0;     // of all its files
};
/// Where a MODEL argument leads, without opening it. Errors: as locate_model.
Result<LocatedModel> locate(std::string_view model);

}  // namespace limpid
