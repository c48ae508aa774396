// SHA-256 (FIPS 180-4): names for content.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace limpid {

class Sha256 {
 public:
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  /// Its length first, so that "ab","c" and "a","bc" differ.
  void add_field(std::string_view text);
  void add_number(uint64_t number);

  /// The digest of all that was added, as 64 lower-case hexadecimal digits. Ends this object's use.
  std::string hex();

 private:
  void block(const std::byte* data);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<std::byte, 64> pending_ = {};
  uint64_t n_bytes_ = 0;
};

}  // namespace limpid
