// The "K" types of ggml; kernels/reference/decode_k_quants.cc has their layouts element by element. The
// product of a 11-bit scale, a sub-block's scale and a code has at most 24 bits, so it is exact in float32 in
// any order; a minimum costs one rounding. All targets give the bits of the reference.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/decode_k_quants.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include "hwy/highway.h"

#include "base/check.h"
#include "kernels/cpu/decode.h"
#include "kernels/half.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::CappedTag<float, 16>;  // divides the smallest sub-block
using DI = hn::RebindToSigned<DF>;
using VI = hn::Vec<DI>;

// Bits `shift` and up of bytes at p, masked; Lanes of them.
HWY_INLINE VI field(const std::byte* p, int shift, int mask) {
  const hn::Rebind<uint8_t, DI> bytes;
  const auto wide = hn::PromoteTo(DI(), hn::LoadU(bytes, reinterpret_cast<const uint8_t*>(p)));
  return hn::And(hn::ShiftRightSame(wide, shift), hn::Set(DI(), mask));
}

// out[i] = code(i) * scale - minimum for the n elements of a sub-block; code(i) gives elements i, i + 1, ...
template <class Code>
HWY_INLINE void write(size_t n, float scale, float minimum, const Code& code, float* out) {
  const DF d;
  for (size_t i = 0; i < n; i += hn::Lanes(d)) {
    const auto product = hn::Mul(hn::ConvertTo(d, code(i)), hn::Set(d, scale));
    hn::StoreU(hn::Sub(product, hn::Set(d, minimum)), d, out + i);
  }
}

float half_at(const std::byte* p) {
  return f32_from_f16(load_unaligned<uint16_t>(p));
}

int byte_at(const std::byte* p) {
  return std::to_integer<int>(*p);
}

// Sub-blocks of 16 elements: codes of 128 elements share 32 bytes, four to a byte.
struct SubBlock {
  explicit SubBlock(size_t i) : bytes(i / 8 * 32 + i % 2 * 16), shift(static_cast<int>(i % 8 / 2) * 2) {}
  size_t bytes;
  int shift;
};

void decode_q2_k(const std::byte* p, float* out) {
  const float scale = half_at(p + 80), minimum = half_at(p + 82);
  for (size_t i = 0; i < 16; ++i) {
    const SubBlock sub(i);
    const std::byte* codes = p + 16 + sub.bytes;
    const int pair = byte_at(p + i);
    const auto code = [&](size_t e) HWY_ATTR { return field(codes + e, sub.shift, 3); };
    write(16, scale * static_cast<float>(pair & 15), minimum * static_cast<float>(pair >> 4), code,
          out + 16 * i);
  }
}

void decode_q3_k(const std::byte* p, float* out) {
  const std::byte* scales = p + 96;
  const float scale = half_at(p + 108);
  for (size_t i = 0; i < 16; ++i) {
    const SubBlock sub(i);
    const std::byte* codes = p + 32 + sub.bytes;
    const std::byte* third_bits = p + i % 2 * 16;
    const int low = byte_at(scales + i % 8) >> i / 8 * 4 & 15;
    const int high = byte_at(scales + 8 + i % 4) >> i / 4 * 2 & 3;
    const auto code = [&](size_t e) HWY_ATTR {
      const auto third_bit = hn::ShiftLeft<2>(field(third_bits + e, static_cast<int>(i / 2), 1));
      return hn::Sub(hn::Or(field(codes + e, sub.shift, 3), third_bit), hn::Set(DI(), 4));
    };
    write(16, scale * static_cast<float>((low | high << 4) - 32), 0, code, out + 16 * i);
  }
}

template <bool kFive>
void decode_q4_or_q5_k(const std::byte* p, float* out) {
  const std::byte* scales = p + 4;
  const std::byte* fifth_bits = p + 16;
  const float scale = half_at(p), minimum = half_at(p + 2);
  for (size_t i = 0; i < 8; ++i) {
    int sub_scale = byte_at(scales + i), sub_minimum = byte_at(scales + i + 4);
    if (i >= 4) {  // nibbles of byte i + 4 below the upper bits of bytes i - 4 and i
      const int nibbles = byte_at(scales + i + 4);
      sub_minimum = nibbles >> 4 | (byte_at(scales + i) >> 6) << 4;
      sub_scale = (nibbles & 15) | (byte_at(scales + i - 4) >> 6) << 4;
    }
    const std::byte* codes = p + (kFive ? 48 : 16) + i / 2 * 32;
    const auto code = [&](size_t e) HWY_ATTR {
      const auto low = field(codes + e, static_cast<int>(i % 2) * 4, 15);
      return kFive ? hn::Or(low, hn::ShiftLeft<4>(field(fifth_bits + e, static_cast<int>(i), 1))) : low;
    };
    write(32, scale * static_cast<float>(sub_scale & 63), minimum * static_cast<float>(sub_minimum & 63),
          code, out + 32 * i);
  }
}

void decode_q6_k(const std::byte* p, float* out) {
  const float scale = half_at(p + 208);
  for (size_t i = 0; i < 16; ++i) {
    const SubBlock sub(i);
    const std::byte* nibbles = p + i / 8 * 64 + i % 4 * 16;
    const std::byte* upper = p + 128 + sub.bytes;
    const auto sub_scale = static_cast<float>(load_unaligned<int8_t>(p + 192 + i));
    const auto code = [&](size_t e) HWY_ATTR {
      const auto low = field(nibbles + e, static_cast<int>(i % 8 / 4) * 4, 15);
      const auto high = hn::ShiftLeft<4>(field(upper + e, sub.shift, 3));
      return hn::Sub(hn::Or(low, high), hn::Set(DI(), 32));
    };
    write(16, scale * sub_scale, 0, code, out + 16 * i);
  }
}

void decode_k_quants(DType type, const std::byte* p, size_t n, float* out) {
  using Block = void (*)(const std::byte*, float*);
  const Block block = type == DType::kQ2_K   ? decode_q2_k
                      : type == DType::kQ3_K ? decode_q3_k
                      : type == DType::kQ4_K ? decode_q4_or_q5_k<false>
                      : type == DType::kQ5_K ? decode_q4_or_q5_k<true>
                      : type == DType::kQ6_K ? decode_q6_k
                                             : nullptr;
  CHECK(block != nullptr);
  const DTypeInfo& t = info(type);
  for (size_t i = 0; i < n / t.block_size; ++i) block(p + i * t.block_bytes, out + i * t.block_size);
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(decode_k_quants);

void decode_k_quants(DType type, const std::byte* bytes, size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(decode_k_quants)(type, bytes, n, out);
}

}  // namespace limpid::cpu
#endif
