#include "base/check.h"
#include "kernels/half.h"
#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

constexpr size_t kBlock = 32;  // elements of every ggml block type here

float half_at(const std::byte* p) {
  return f32_from_f16(load_unaligned<uint16_t>(p));
}

// Element i of 16 bytes of nibbles: low nibbles are elements 0..15, high nibbles 16..31.
int nibble(const std::byte* nibbles, size_t i) {
  const int byte = std::to_integer<int>(nibbles[i % 16]);
  return i < 16 ? byte & 15 : byte >> 4;
}

int fifth_bit(uint32_t bits, size_t i) {
  return static_cast<int>(bits >> i & 1) * 16;
}

void decode_block(DType type, const std::byte* p, float* out) {
  const float scale = half_at(p);
  for (size_t i = 0; i < kBlock; ++i) {
    switch (type) {
      case DType::kQ4_0:
        out[i] = static_cast<float>(nibble(p + 2, i) - 8) * scale;
        break;
      case DType::kQ4_1:
        out[i] = static_cast<float>(nibble(p + 4, i)) * scale + half_at(p + 2);
        break;
      case DType::kQ5_0: {
        const int code = nibble(p + 6, i) + fifth_bit(load_unaligned<uint32_t>(p + 2), i);
        out[i] = static_cast<float>(code - 16) * scale;
        break;
      }
      case DType::kQ5_1: {
        const int code = nibble(p + 8, i) + fifth_bit(load_unaligned<uint32_t>(p + 4), i);
        out[i] = static_cast<float>(code) * scale + half_at(p + 2);
        break;
      }
      case DType::kQ8_0:
        out[i] = static_cast<float>(load_unaligned<int8_t>(p + 2 + i)) * scale;
        break;
      default:
        CHECK(false);
    }
  }
}

}  // namespace

void decode(DType type, const std::byte* bytes, size_t n, float* out) {
  switch (type) {
    case DType::kF32:
      std::memcpy(out, bytes, n * sizeof(float));
      return;
    case DType::kF16:
      for (size_t i = 0; i < n; ++i) out[i] = half_at(bytes + 2 * i);
      return;
    case DType::kBF16:
      for (size_t i = 0; i < n; ++i) out[i] = f32_from_bf16(load_unaligned<uint16_t>(bytes + 2 * i));
      return;
    default:
      break;
  }
  const size_t block_bytes = info(type).block_bytes;
  for (size_t i = 0; i < n / kBlock; ++i) decode_block(type, bytes + i * block_bytes, out + i * kBlock);
}

}  // namespace limpid::reference
