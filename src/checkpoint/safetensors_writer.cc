#include "checkpoint/safetensors_writer.h"

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/check.h"
#include "checkpoint/checked.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

size_t n_byte(const TensorDeclaration& tensor) {
  const auto n_element = checked_product(tensor.shape);
  CHECK(n_element.has_value());
  const auto bytes = checked_multiply(*n_element, info(tensor.type).block_bytes);
  CHECK(bytes.has_value());
  return *bytes;
}

/// The length field and the JSON behind it, padded so that the data starts at a multiple of 8.
std::string make_header(std::span<const TensorDeclaration> tensors,
                        const std::map<std::string, std::string>& notes) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!notes.empty()) header["__metadata__"] = notes;
  size_t offset = 0;
  for (const TensorDeclaration& tensor : tensors) {
    CHECK(tensor.type == DType::kF32 || tensor.type == DType::kI32 || tensor.type == DType::kI64);
    CHECK(tensor.name != "__metadata__" && !header.contains(tensor.name));
    const size_t end = offset + n_byte(tensor);
    CHECK(end >= offset && (end == offset || offset % info(tensor.type).block_bytes == 0));
    header[tensor.name] = {
        {"dtype", info(tensor.type).name}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string json = header.dump();
  json.append((8 - json.size() % 8) % 8, ' ');
  std::string length(8, '\0');
  const uint64_t n = json.size();
  std::memcpy(length.data(), &n, sizeof(n));
  return length + json;
}

tl::unexpected<Error> io_error(const fs::path& path, const char* what, int error) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}: {}", path.string(), what, std::strerror(error)));
}

/// Unique in its folder among all writers of all processes.
fs::path temporary_name(const fs::path& path) {
  static std::atomic<unsigned> counter = 0;
  fs::path temporary = path;
  temporary += fmt::format(".tmp.{}.{}", ::getpid(), counter++);
  return temporary;
}

}  // namespace

Result<SafetensorsWriter> SafetensorsWriter::create(const fs::path& path,
                                                    std::vector<TensorDeclaration> tensors,
                                                    const std::map<std::string, std::string>& metadata) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  // Taking the place of a device or a pipe would destroy it.
  if (path.empty() || (fs::exists(status) && !fs::is_regular_file(status))) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: expected a plain file to write, found something else",
                            path.empty() ? "the output path" : path.string()));
  }
  const std::string header = make_header(tensors, metadata);
  const fs::path temporary = temporary_name(path);
  const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0) return io_error(path, "cannot create", errno);
  SafetensorsWriter writer(path, temporary, ::fdopen(fd, "wb"), std::move(tensors));
  CHECK(writer.file_ != nullptr);
  LIMPID_CHECK_OK(writer.write(std::as_bytes(std::span(header))));
  return writer;
}

SafetensorsWriter::SafetensorsWriter(fs::path path, fs::path temporary, std::FILE* file,
                                     std::vector<TensorDeclaration> tensors)
    : path_(std::move(path)), temporary_(std::move(temporary)), file_(file), tensors_(std::move(tensors)) {
  if (!tensors_.empty()) remaining_ = n_byte(tensors_.front());
  skip_full_tensors();
}

SafetensorsWriter::~SafetensorsWriter() {
  if (file_ == nullptr) return;
  file_.reset();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

void SafetensorsWriter::skip_full_tensors() {
  while (current_ < tensors_.size() && remaining_ == 0) {
    ++current_;
    if (current_ < tensors_.size()) remaining_ = n_byte(tensors_[current_]);
  }
}

Status SafetensorsWriter::write(std::span<const std::byte> bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
    return io_error(path_, "cannot write", errno);
  }
  return {};
}

Status SafetensorsWriter::append_bytes(std::string_view name, DType type, std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  CHECK(file_ != nullptr && current_ < tensors_.size());
  CHECK(tensors_[current_].name == name && tensors_[current_].type == type && bytes.size() <= remaining_);
  LIMPID_CHECK_OK(write(bytes));
  remaining_ -= bytes.size();
  skip_full_tensors();
  return {};
}

Status SafetensorsWriter::append(std::string_view name, std::span<const float> values) {
  return append_bytes(name, DType::kF32, std::as_bytes(values));
}

Status SafetensorsWriter::append(std::string_view name, std::span<const int32_t> values) {
  return append_bytes(name, DType::kI32, std::as_bytes(values));
}

Status SafetensorsWriter::append(std::string_view name, std::span<const int64_t> values) {
  return append_bytes(name, DType::kI64, std::as_bytes(values));
}

Status SafetensorsWriter::finish() {
  CHECK(file_ != nullptr && current_ == tensors_.size());
  const bool written = std::fflush(file_.get()) == 0;
  int error = errno;
  if (written && ::rename(temporary_.c_str(), path_.c_str()) == 0) {
    file_.reset();
    return {};
  }
  if (written) error = errno;
  return io_error(path_, "cannot write", error);
}

}  // namespace limpid
