#include "kernels/reference/decode.h"

#include "base/check.h"
#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

// Element i of 16 bytes of nibbles: low nibbles are elements 0..15, high nibbles 16..31.
int nibble(const std::byte* nibbles, size_t i) {
  const int byte = byte_at(nibbles + i % 16);
  return i < 16 ? byte & 15 : byte >> 4;
}

int fifth_bit(uint32_t bits, size_t i) {
  return static_cast<int>(bits >> i & 1) * 16;
}

// One block of 32 elements.
void decode_block(DType type, const std::byte* p, float* out) {
  const float scale = half_at(p);
  for (size_t i = 0; i < 32; ++i) {
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

template <class Block>
void decode_blocks(Block block, DType type, const std::byte* bytes, size_t n, float* out) {
  const DTypeInfo& t = info(type);
  for (size_t i = 0; i < n / t.block_size; ++i)
    block(type, bytes + i * t.block_bytes, out + i * t.block_size);
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
    case DType::kF8E4M3:
    case DType::kF8E5M2:
    case DType::kF8E8M0:
      for (size_t i = 0; i < n; ++i) out[i] = f32_from_f8(type, load_unaligned<uint8_t>(bytes + i));
      return;
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ5_0:
    case DType::kQ5_1:
    case DType::kQ8_0:
      return decode_blocks(decode_block, type, bytes, n, out);
    case DType::kQ2_K:
    case DType::kQ3_K:
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kQ6_K:
      return decode_blocks(decode_k_quant, type, bytes, n, out);
    case DType::kFP4:
    case DType::kIQ4_NL:
    case DType::kMXFP4:
    case DType::kIQ4_XS:
      return decode_blocks(decode_codebook, type, bytes, n, out);
    case DType::kU8:
    case DType::kI32:
    case DType::kI64:
      return;  // CheckedBackend refuses them
  }
}

}  // namespace limpid::reference
