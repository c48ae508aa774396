// Builders of GGUF and safetensors bytes for the tests of this folder, each able to state a lie.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace limpid::test {

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

/// A number as its bytes.
template <class T>
std::string raw(T number) {
  std::string out(sizeof(T), '\0');
  std::memcpy(out.data(), &number, sizeof(T));
  return out;
}

/// A GGUF string: 64-bit length and bytes.
inline std::string gguf_string(std::string_view text) {
  return raw<uint64_t>(text.size()) + std::string(text);
}

/// A key/value pair; `value` is the bytes behind the type number.
inline std::string gguf_pair(std::string_view key, uint32_t type, const std::string& value) {
  return gguf_string(key) + raw(type) + value;
}

/// A list value: element type, count, elements.
inline std::string gguf_list(uint32_t type, uint64_t count, const std::string& elements) {
  return raw(type) + raw(count) + elements;
}

/// An entry of the tensor table; `shape` innermost first, as stored.
struct GgufTensor {
  std::string name;
  std::vector<uint64_t> shape;
  uint32_t type = 0;  // F32
  uint64_t offset = 0;
};

struct GgufFile {
  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<std::string> pairs;
  std::vector<GgufTensor> tensors;
  std::string data;  // behind the padding
  uint64_t alignment = 32;

  std::string header() const {
    std::string out = magic + raw(version) + raw<uint64_t>(tensors.size()) + raw<uint64_t>(pairs.size());
    for (const std::string& pair : pairs) out += pair;
    for (const GgufTensor& tensor : tensors) {
      out += gguf_string(tensor.name) + raw(static_cast<uint32_t>(tensor.shape.size()));
      for (const uint64_t length : tensor.shape) out += raw(length);
      out += raw(tensor.type) + raw(tensor.offset);
    }
    return out;
  }

  std::string bytes() const {
    std::string out = header();
    out.append((alignment - out.size() % alignment) % alignment, '\0');
    return out + data;
  }
};

/// Two tensors: a [2, 3] F32 at 0 (padded to 32 bytes) and b [2, 32] Q8_0 at 32.
inline GgufFile small_gguf() {
  GgufFile file;
  file.pairs = {gguf_pair("general.architecture", 8, gguf_string("llama")),
                gguf_pair("n", 4, raw<uint32_t>(7))};
  file.tensors = {{"a", {3, 2}, 0, 0}, {"b", {32, 2}, 8, 32}};
  file.data.assign(32 + 68, '\x01');
  return file;
}

/// Part `number` (from 1 on) of `count`, with one F32 tensor of one element; the first part has metadata.
inline GgufFile gguf_part(uint16_t number, uint16_t count, std::string tensor, int32_t n_tensor) {
  GgufFile file;
  if (number == 1) file.pairs.push_back(gguf_pair("general.architecture", 8, gguf_string("llama")));
  file.pairs.push_back(gguf_pair("split.no", 2, raw(static_cast<uint16_t>(number - 1))));
  file.pairs.push_back(gguf_pair("split.count", 2, raw(count)));
  file.pairs.push_back(gguf_pair("split.tensors.count", 5, raw(n_tensor)));
  file.tensors = {{std::move(tensor), {1}, 0, 0}};
  file.data = raw(static_cast<float>(number));
  return file;
}

/// A safetensors file of this header and data.
inline std::string safetensors_bytes(std::string_view header, std::string_view data) {
  return raw<uint64_t>(header.size()) + std::string(header) + std::string(data);
}

/// One tensor of a header: "x":{...}.
inline std::string entry(std::string_view name, std::string_view dtype, std::string_view shape, size_t begin,
                         size_t end) {
  return "\"" + std::string(name) + "\":{\"dtype\":\"" + std::string(dtype) + "\",\"shape\":[" +
         std::string(shape) + "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) +
         "]}";
}

/// An empty folder that is removed at the end of the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "limpid-test-XXXXXX").string();
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file, with its folders.
  std::filesystem::path write(std::string_view name, std::string_view content) const {
    std::filesystem::path file = path_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace limpid::test
