// A cursor over bytes from a file. Every read is bounded; a read that does not fit leaves the cursor alone.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace limpid {

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }

  /// `count` must be at most left().
  void skip(size_t count) { position_ += count; }

  /// A little-endian number. False when fewer bytes are left.
  template <class T>
    requires std::integral<T> || std::floating_point<T>
  bool read(T& out) {
    static_assert(std::endian::native == std::endian::little);
    if (left() < sizeof(T)) return false;
    std::memcpy(&out, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return true;
  }

  /// A string with a 64-bit length before it; the view points into the bytes. False when it does not fit.
  bool read_string(std::string_view& out) {
    uint64_t length = 0;
    const size_t start = position_;
    if (!read(length)) return false;
    if (length > left()) {
      position_ = start;
      return false;
    }
    out = {reinterpret_cast<const char*>(bytes_.data() + position_), static_cast<size_t>(length)};
    position_ += out.size();
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t position_ = 0;
};

}  // namespace limpid
