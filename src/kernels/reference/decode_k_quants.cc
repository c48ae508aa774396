// The "K" types of ggml: 256 elements in sub-blocks of 16 or 32, each with an integer scale (and minimum),
// all of them in units of one float16. Which bits belong to element e is written out for each type.
#include "base/check.h"
#include "kernels/reference/decode.h"

namespace limpid::reference {

namespace {

constexpr size_t kBlock = 256;

/// `count` bits of the byte at p, from bit `shift` on.
int bits(const std::byte* p, size_t shift, int count) {
  return byte_at(p) >> shift & ((1 << count) - 1);
}

/// 128 elements share 32 bytes of 2-bit codes: those of elements 0..31, 32..63, ... lie in bits 0, 2, ...
int two_bits(const std::byte* codes, size_t e) {
  return bits(codes + e / 128 * 32 + e % 32, e % 128 / 32 * 2, 2);
}

/// 64 elements share 32 bytes of nibbles: low ones first.
int four_bits(const std::byte* codes, size_t e) {
  return bits(codes + e / 64 * 32 + e % 32, e % 64 / 32 * 4, 4);
}

void decode_q2_k(const std::byte* p, float* out) {
  const std::byte* codes = p + 16;
  const float scale = half_at(p + 80), minimum = half_at(p + 82);
  for (size_t e = 0; e < kBlock; ++e) {
    const std::byte* pair = p + e / 16;
    const float sub_scale = scale * static_cast<float>(bits(pair, 0, 4));
    const float sub_minimum = minimum * static_cast<float>(bits(pair, 4, 4));
    out[e] = sub_scale * static_cast<float>(two_bits(codes, e)) - sub_minimum;
  }
}

/// 16 signed scales of 6 bits in 12 bytes: nibbles of the first 8 bytes, upper bits in the last 4.
int q3_k_scale(const std::byte* scales, size_t i) {
  const int low = bits(scales + i % 8, i / 8 * 4, 4);
  const int high = bits(scales + 8 + i % 4, i / 4 * 2, 2);
  return (low | high << 4) - 32;
}

void decode_q3_k(const std::byte* p, float* out) {
  const std::byte* codes = p + 32;
  const float scale = half_at(p + 108);
  for (size_t e = 0; e < kBlock; ++e) {
    const int third_bit = bits(p + e % 32, e / 32, 1);
    const int code = two_bits(codes, e) + 4 * third_bit - 4;
    out[e] = scale * static_cast<float>(q3_k_scale(p + 96, e / 16)) * static_cast<float>(code);
  }
}

struct ScaleAndMinimum {
  int scale, minimum;
};

/// 8 scales and 8 minima of 6 bits in 12 bytes. The first 4 of each lie in the low bits of bytes 0..3
/// and 4..7; of the others, the low nibbles lie in bytes 8..11 and the upper bits above the first 4.
ScaleAndMinimum q4_k_scale(const std::byte* scales, size_t i) {
  if (i < 4) return {bits(scales + i, 0, 6), bits(scales + 4 + i, 0, 6)};
  return {bits(scales + 4 + i, 0, 4) | bits(scales + i - 4, 6, 2) << 4,
          bits(scales + 4 + i, 4, 4) | bits(scales + i, 6, 2) << 4};
}

/// Q5_K has 32 bytes of fifth bits before the nibbles: those of elements 0..31 in bit 0, and so on.
void decode_q4_or_q5_k(const std::byte* p, bool five, float* out) {
  const std::byte* fifth_bits = p + 16;
  const std::byte* codes = p + (five ? 48 : 16);
  const float scale = half_at(p), minimum = half_at(p + 2);
  for (size_t e = 0; e < kBlock; ++e) {
    const ScaleAndMinimum sub = q4_k_scale(p + 4, e / 32);
    const int code = four_bits(codes, e) + (five ? 16 * bits(fifth_bits + e % 32, e / 32, 1) : 0);
    out[e] = scale * static_cast<float>(sub.scale) * static_cast<float>(code) -
             minimum * static_cast<float>(sub.minimum);
  }
}

/// 128 elements share 64 bytes of low nibbles (elements 0..63 in the low halves) and 32 bytes of upper bits.
void decode_q6_k(const std::byte* p, float* out) {
  const std::byte* upper = p + 128;
  const std::byte* scales = p + 192;
  const float scale = half_at(p + 208);
  for (size_t e = 0; e < kBlock; ++e) {
    const int low = bits(p + e / 128 * 64 + e % 64, e % 128 / 64 * 4, 4);
    const int code = (low | two_bits(upper, e) << 4) - 32;
    const auto sub_scale = static_cast<float>(load_unaligned<int8_t>(scales + e / 16));
    out[e] = scale * sub_scale * static_cast<float>(code);
  }
}

}  // namespace

void decode_k_quant(DType type, const std::byte* p, float* out) {
  switch (type) {
    case DType::kQ2_K:
      return decode_q2_k(p, out);
    case DType::kQ3_K:
      return decode_q3_k(p, out);
    case DType::kQ4_K:
      return decode_q4_or_q5_k(p, false, out);
    case DType::kQ5_K:
      return decode_q4_or_q5_k(p, true, out);
    case DType::kQ6_K:
      return decode_q6_k(p, out);
    default:
      CHECK(false);
  }
}

}  // namespace limpid::reference
