// 16-bit floats to float32, exactly, for every bit pattern (subnormals, infinities and NaN payloads too).
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace limpid {

inline float f32_from_f16(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7FFFu;
  if (magnitude < 0x0400u) {  // zero or subnormal: a multiple of 2^-24
    const float value = static_cast<float>(magnitude) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | sign);
  }
  const uint32_t rebias = 112u << 23;  // from exponent bias 15 to 127
  const uint32_t bits = (magnitude << 13) + (magnitude < 0x7C00u ? rebias : 2 * rebias);
  return std::bit_cast<float>(bits | sign);
}

inline float f32_from_bf16(uint16_t half) {
  return std::bit_cast<float>(static_cast<uint32_t>(half) << 16);
}

/// Reads a T at any address, aligned or not.
template <class T>
T load_unaligned(const std::byte* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

}  // namespace limpid
