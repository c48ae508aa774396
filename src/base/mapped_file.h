// A whole file mapped read-only. The bytes live as long as the object; moving keeps addresses.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "base/result.h"

namespace limpid {

class MappedFile {
 public:
  /// Errors: kNotFound (no such file), kIo (cannot be read, or is not a regular file).
  static Result<MappedFile> open(const std::filesystem::path& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// Gives the memory of whole pages inside `bytes`, part of a MappedFile, back to the system; reading them
/// again reads the file. For bytes that have been copied elsewhere.
void release_pages(std::span<const std::byte> bytes);

/// Maps the whole pages inside `bytes`, memory about to be written, in one call: page by page, as each is
/// first written, takes several times as long. Where the system cannot, that is what happens.
void populate_pages(std::span<std::byte> bytes);

}  // namespace limpid
