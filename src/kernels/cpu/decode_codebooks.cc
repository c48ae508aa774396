// 4-bit codes that stand for 16 whole numbers (kernels/codebook.h). Products are exact, as in
// decode_k_quants.cc.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/decode_codebooks.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <cstring>

#include "hwy/highway.h"

#include "base/check.h"
#include "kernels/codebook.h"
#include "kernels/cpu/decode.h"
#include "kernels/half.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kHalf = 16;  // codes that are looked up at once

using DF = hn::CappedTag<float, kHalf>;

HWY_INLINE void write_half(const int8_t* numbers, float scale, float* out) {
  const DF d;
  for (size_t i = 0; i < kHalf; i += hn::Lanes(d)) {
    const auto wide =
        hn::PromoteTo(hn::RebindToSigned<DF>(), hn::LoadU(hn::Rebind<int8_t, DF>(), numbers + i));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, wide), hn::Set(d, scale)), d, out + i);
  }
}

// What the codes of 16 bytes stand for: of the low nibbles, and of the high nibbles.
struct Numbers {
  Numbers(const Codebook& book, const std::byte* codes) {
#if HWY_TARGET == HWY_SCALAR
    for (size_t i = 0; i < kHalf; ++i) {
      const auto byte = std::to_integer<size_t>(codes[i]);
      low[i] = book[byte & 15];
      high[i] = book[byte >> 4];
    }
#else
    const hn::FixedTag<int8_t, kHalf> d;
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto table = hn::LoadU(d, book.data());
    const auto bytes = hn::LoadU(du, reinterpret_cast<const uint8_t*>(codes));
    const auto low_codes = hn::And(bytes, hn::Set(du, uint8_t{15}));
    hn::Store(hn::TableLookupBytes(table, hn::BitCast(d, low_codes)), d, low);
    hn::Store(hn::TableLookupBytes(table, hn::BitCast(d, hn::ShiftRight<4>(bytes))), d, high);
#endif
  }
  HWY_ALIGN int8_t low[kHalf];
  HWY_ALIGN int8_t high[kHalf];
};

// 32 elements from 16 bytes: low nibbles, then high nibbles.
void decode_32(const Codebook& book, const std::byte* codes, float scale, float* out) {
  const Numbers numbers(book, codes);
  write_half(numbers.low, scale, out);
  write_half(numbers.high, scale, out + kHalf);
}

// Each byte has an even element in its low nibble and the odd one behind it. n is any even number.
void decode_fp4(const std::byte* p, size_t n, float* out) {
  constexpr size_t kCodes = 2 * kHalf;
  for (size_t begin = 0; begin < n; begin += kCodes) {
    const size_t count = HWY_MIN(kCodes, n - begin);
    std::byte codes[kHalf] = {};
    std::memcpy(codes, p + begin / 2, count / 2);
    const Numbers numbers(kFp4Codebook, codes);
    HWY_ALIGN int8_t in_order[kCodes];
    for (size_t i = 0; i < kHalf; ++i) {
      in_order[2 * i] = numbers.low[i];
      in_order[2 * i + 1] = numbers.high[i];
    }
    float values[kCodes];
    write_half(in_order, 0.5f, values);
    write_half(in_order + kHalf, 0.5f, values + kHalf);
    std::memcpy(out + begin, values, count * sizeof(float));
  }
}

void decode_iq4_xs(const std::byte* p, float* out) {
  const float scale = f32_from_f16(load_unaligned<uint16_t>(p));
  const auto upper = load_unaligned<uint16_t>(p + 2);
  for (size_t i = 0; i < 8; ++i) {
    const int low = std::to_integer<int>(p[4 + i / 2]) >> i % 2 * 4 & 15;
    const int sub_scale = (low | (upper >> 2 * i & 3) << 4) - 32;
    decode_32(kIq4Codebook, p + 8 + 16 * i, scale * static_cast<float>(sub_scale), out + 32 * i);
  }
}

void decode_codebooks(DType type, const std::byte* p, size_t n, float* out) {
  if (type == DType::kFP4) return decode_fp4(p, n, out);
  const DTypeInfo& t = info(type);
  for (size_t i = 0; i < n / t.block_size; ++i, p += t.block_bytes, out += t.block_size) {
    switch (type) {
      case DType::kIQ4_NL:
        decode_32(kIq4Codebook, p + 2, f32_from_f16(load_unaligned<uint16_t>(p)), out);
        break;
      case DType::kMXFP4:
        decode_32(kFp4Codebook, p + 1, mxfp4_half_scale(load_unaligned<uint8_t>(p)), out);
        break;
      case DType::kIQ4_XS:
        decode_iq4_xs(p, out);
        break;
      default:
        CHECK(false);
    }
  }
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(decode_codebooks);

void decode_codebooks(DType type, const std::byte* bytes, size_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(decode_codebooks)(type, bytes, n, out);
}

}  // namespace limpid::cpu
#endif
