#include "base/check.h"
#include "kernels/codebook.h"
#include "kernels/reference/decode.h"

namespace limpid::reference {

namespace {

// 32 elements in 16 bytes: low nibbles are elements 0..15, high nibbles 16..31.
void decode_32(const Codebook& book, const std::byte* codes, float scale, float* out) {
  for (size_t e = 0; e < 32; ++e) {
    const int byte = byte_at(codes + e % 16);
    out[e] = scale * static_cast<float>(book[static_cast<size_t>(e < 16 ? byte & 15 : byte >> 4)]);
  }
}

// Eight signed scales of 6 bits: a nibble each in 4 bytes behind the upper bits, 2 each in a 16-bit word.
int iq4_xs_scale(const std::byte* p, size_t i) {
  const int low = byte_at(p + 2 + i / 2) >> i % 2 * 4 & 15;
  const int high = load_unaligned<uint16_t>(p) >> 2 * i & 3;
  return (low | high << 4) - 32;
}

}  // namespace

void decode_codebook(DType type, const std::byte* p, float* out) {
  switch (type) {
    case DType::kFP4:
      for (size_t i = 0; i < 2; ++i) {
        out[i] = 0.5f * static_cast<float>(kFp4Codebook[static_cast<size_t>(byte_at(p) >> 4 * i & 15)]);
      }
      return;
    case DType::kIQ4_NL:
      return decode_32(kIq4Codebook, p + 2, half_at(p), out);
    case DType::kMXFP4:
      return decode_32(kFp4Codebook, p + 1, mxfp4_half_scale(load_unaligned<uint8_t>(p)), out);
    case DType::kIQ4_XS:
      for (size_t i = 0; i < 8; ++i) {
        const float scale = half_at(p) * static_cast<float>(iq4_xs_scale(p + 2, i));
        decode_32(kIq4Codebook, p + 8 + 16 * i, scale, out + 32 * i);
      }
      return;
    default:
      CHECK(false);
  }
}

}  // namespace limpid::reference
