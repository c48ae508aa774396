// A model's files, opened: named tensors (views of mapped bytes) and metadata. Knows nothing of
// architectures: that a tensor is called "blk.0.attn_q.weight" means nothing here.
//
// Everything in a Checkpoint has been validated against the bytes: offsets and sizes lie inside their file,
// sizes equal shape times type, names are unique. Consumers may index `data` freely.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/mapped_file.h"
#include "base/result.h"
#include "checkpoint/metadata.h"

namespace limpid {

/// Whose names the tensors and metadata keys carry.
enum class Dialect { kHuggingFace, kGguf };

struct TensorInfo;

/// What an adapter adds to a matrix W [n_out, n_in]: scale B A. Shapes have been checked against each other.
struct LowRankUpdate {
  const TensorInfo* a = nullptr;  // [rank, n_in]
  const TensorInfo* b = nullptr;  // [n_out, rank]
  float scale = 0;
  bool is_transposed = false;  // W is stored as [n_in, n_out]
};

/// Factors for blocks of a tensor's elements: element [row, col] is what its bytes decode to, times factor
/// [row / block_rows, col / block_cols], in float32. Rows count all dimensions but the last.
struct TensorScale {
  DType type = DType::kF32;         // F32, F16, BF16 or F8_E8M0
  std::span<const std::byte> data;  // [rows, cols], any alignment
  size_t rows = 1;
  size_t cols = 1;
  size_t block_rows = 1;  // at least 1
  size_t block_cols = 1;
};

struct TensorInfo {
  std::string name;
  DType type = DType::kF32;
  std::vector<size_t> shape;        // outermost dimension first (GGUF's order reversed); a scalar is [1]
  std::span<const std::byte> data;  // rows are contiguous; a row is a whole number of blocks; any alignment
  std::optional<LowRankUpdate> update = {};  // points into the same Checkpoint

  std::optional<TensorScale> scale = {};  // covers all elements

  size_t n_element() const;
  /// Product of all dimensions but the last.
  size_t n_row() const;
};

using TensorMap = std::map<std::string, TensorInfo, std::less<>>;

struct Checkpoint {
  std::filesystem::path path;       // what the user named: a .gguf file or a folder
  std::filesystem::path directory;  // where companion files (tokenizer.json) are looked for
  std::string format;               // "gguf", "pytorch_bin", "safetensors"
  Dialect dialect = Dialect::kHuggingFace;
  Metadata metadata;
  TensorMap tensors;
  /// Tensors that are stored with a type that DType does not have, by name: "F64", "BOOL", ...
  std::map<std::string, std::string, std::less<>> unsupported_tensors;
  std::filesystem::path adapter;  // folder of the adapter that was added; empty without
  TensorMap adapter_tensors;      // what TensorInfo::update points into
  std::vector<MappedFile> files;  // what TensorInfo::data points into

  /// nullptr when absent, or stored with an unsupported type.
  const TensorInfo* find(std::string_view name) const;

  /// Never nullptr. Errors: kUnsupported (the type is not supported), kCorrupt (no such tensor).
  Result<const TensorInfo*> require(std::string_view name) const;
};

/// Opens `path` with the first registered format that recognises it.
/// Errors: kNotFound, kCorrupt, kUnsupported (no format recognises it), kIo.
Result<Checkpoint> open_checkpoint(const std::filesystem::path& path);

}  // namespace limpid
