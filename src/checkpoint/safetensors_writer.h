// Writing a safetensors file as a stream: the tensors are declared first, then filled one after the other.
//
//   LIMPID_TRY(auto writer, SafetensorsWriter::create(path, {{"ids", DType::kI32, {n_tok}}, {"x",
//   DType::kF32, {n_tok, d}}})); LIMPID_CHECK_OK(writer.append("ids", ids));          // a tensor may take
//   several calls LIMPID_CHECK_OK(writer.append("x", row)); LIMPID_CHECK_OK(writer.finish());
//
// The bytes go to a temporary file beside `path`, which takes its name in finish(); a writer that is
// destroyed before that leaves nothing behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/result.h"

namespace limpid {

struct TensorDeclaration {
  std::string name;  // UTF-8, unique
  DType type = DType::kF32;
  std::vector<size_t> shape;
};

class SafetensorsWriter {
 public:
  /// Types F32, I32 and I64, the wider ones first so that all data is aligned. `metadata` becomes the file's
  /// notes. Errors: kInvalidArgument (`path` is not a plain file), kIo.
  static Result<SafetensorsWriter> create(const std::filesystem::path& path,
                                          std::vector<TensorDeclaration> tensors,
                                          const std::map<std::string, std::string>& metadata = {});

  SafetensorsWriter(SafetensorsWriter&&) noexcept = default;
  SafetensorsWriter& operator=(SafetensorsWriter&&) = delete;
  ~SafetensorsWriter();

  /// The next values of tensor `name`, which must be the first that is not yet full, and of that type.
  /// Errors: kIo.
  Status append(std::string_view name, std::span<const float> values);
  Status append(std::string_view name, std::span<const int32_t> values);
  Status append(std::string_view name, std::span<const int64_t> values);

  /// Every tensor must be full. Errors: kIo.
  Status finish();

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  SafetensorsWriter(std::filesystem::path path, std::filesystem::path temporary, std::FILE* file,
                    std::vector<TensorDeclaration> tensors);
  Status write(std::span<const std::byte> bytes);
  Status append_bytes(std::string_view name, DType type, std::span<const std::byte> bytes);
  void skip_full_tensors();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::unique_ptr<std::FILE, CloseFile> file_;  // null once finished or moved from
  std::vector<TensorDeclaration> tensors_;
  size_t current_ = 0;    // the tensor that is being filled
  size_t remaining_ = 0;  // bytes it still lacks
};

}  // namespace limpid
