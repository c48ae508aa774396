// Stored weights to float32. Every product of a 11-bit scale and an integer code is exact in float32, so all
// targets, with or without fused multiply-add, give the bits of the reference.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/decode.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <cstring>

#include "hwy/highway.h"

#include "base/check.h"
#include "kernels/cpu/decode.h"
#include "kernels/cpu/ops.h"
#include "kernels/half.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kBlock = 32;  // elements of a block
constexpr size_t kHalf = 16;

using DF = hn::CappedTag<float, kHalf>;
using DI = hn::RebindToSigned<DF>;
using VF = hn::Vec<DF>;
using VI = hn::Vec<DI>;

const uint8_t* as_u8(const std::byte* p) {
  return reinterpret_cast<const uint8_t*>(p);
}

// The codes of a block's elements, Lanes at a time: low(i) for elements i.., high(i) for elements 16 + i...
struct Nibbles {
  explicit Nibbles(const std::byte* p) : bytes(as_u8(p)) {}
  VI load(size_t i) const { return hn::PromoteTo(DI(), hn::LoadU(hn::Rebind<uint8_t, DI>(), bytes + i)); }
  VI low(size_t i) const { return hn::And(load(i), hn::Set(DI(), 15)); }
  VI high(size_t i) const { return hn::ShiftRight<4>(load(i)); }
  const uint8_t* bytes;
};

// Nibbles with a fifth bit from a 32-bit word: bit e belongs to element e.
struct FiveBits {
  explicit FiveBits(const std::byte* p) : bits(load_unaligned<uint32_t>(p)), nibbles(p + 4) {}
  // Bits e, e + 1, ... at place 4.
  VI fifth(size_t e) const {
    const hn::RebindToUnsigned<DI> du;
    const auto place = hn::Iota(du, static_cast<uint32_t>(e));
    const auto bit = hn::And(hn::Shr(hn::Set(du, bits), place), hn::Set(du, 1u));
    return hn::BitCast(DI(), hn::ShiftLeft<4>(bit));
  }
  VI low(size_t i) const { return hn::Or(nibbles.low(i), fifth(i)); }
  VI high(size_t i) const { return hn::Or(nibbles.high(i), fifth(i + kHalf)); }
  uint32_t bits;
  Nibbles nibbles;
};

struct SignedBytes {
  explicit SignedBytes(const std::byte* p) : bytes(reinterpret_cast<const int8_t*>(p)) {}
  VI low(size_t i) const { return hn::PromoteTo(DI(), hn::LoadU(hn::Rebind<int8_t, DI>(), bytes + i)); }
  VI high(size_t i) const { return low(i + kHalf); }
  const int8_t* bytes;
};

// Value = (code - offset) * scale + minimum; kMinimum says whether the block stores a minimum.
template <class Codes, bool kMinimum>
void decode_blocks(const std::byte* p, size_t n, size_t block_bytes, int offset, float* out) {
  const DF d;
  const auto shift = hn::Set(DI(), offset);
  for (size_t block = 0; block < n / kBlock; ++block, p += block_bytes, out += kBlock) {
    const auto scale = hn::Set(d, f32_from_f16(load_unaligned<uint16_t>(p)));
    const auto minimum = kMinimum ? hn::Set(d, f32_from_f16(load_unaligned<uint16_t>(p + 2))) : hn::Zero(d);
    const Codes codes(p + (kMinimum ? 4 : 2));
    const auto value = [&](VI code) HWY_ATTR {
      const VF product = hn::Mul(hn::ConvertTo(d, hn::Sub(code, shift)), scale);
      return kMinimum ? hn::Add(product, minimum) : product;
    };
    for (size_t i = 0; i < kHalf; i += hn::Lanes(d)) {
      hn::StoreU(value(codes.low(i)), d, out + i);
      hn::StoreU(value(codes.high(i)), d, out + kHalf + i);
    }
  }
}

// f32_from_f16, Lanes at a time.
VF widen_f16(VI half) {
  const DF d;
  const DI di;
  const auto sign = hn::ShiftLeft<16>(hn::And(half, hn::Set(di, 0x8000)));
  const auto magnitude = hn::And(half, hn::Set(di, 0x7FFF));
  const auto rebias = hn::Set(di, 112 << 23);
  const auto special = hn::Gt(magnitude, hn::Set(di, 0x7BFF));
  const auto normal =
      hn::Add(hn::Add(hn::ShiftLeft<13>(magnitude), rebias), hn::IfThenElseZero(special, rebias));
  const auto tiny = hn::Mul(hn::ConvertTo(d, magnitude), hn::Set(d, 0x1p-24f));
  const auto is_tiny = hn::Lt(magnitude, hn::Set(di, 0x0400));
  return hn::BitCast(d, hn::Or(sign, hn::IfThenElse(is_tiny, hn::BitCast(di, tiny), normal)));
}

VF widen_bf16(VI half) {
  return hn::BitCast(DF(), hn::ShiftLeft<16>(half));
}

// Sign, 4 bits of exponent with bias 7, 3 bits of fraction; all ones is a NaN.
VF widen_e4m3(VI code) {
  const DF d;
  const DI di;
  const auto sign = hn::ShiftLeft<24>(hn::And(code, hn::Set(di, 0x80)));
  const auto magnitude = hn::And(code, hn::Set(di, 0x7F));
  const auto normal = hn::Add(hn::ShiftLeft<20>(magnitude), hn::Set(di, 120 << 23));
  const auto tiny = hn::Mul(hn::ConvertTo(d, magnitude), hn::Set(d, 0x1p-9f));
  const auto number = hn::IfThenElse(hn::Lt(magnitude, hn::Set(di, 8)), hn::BitCast(di, tiny), normal);
  const auto nan = hn::Set(di, 0x7FC00000);
  return hn::BitCast(d, hn::Or(sign, hn::IfThenElse(hn::Eq(magnitude, hn::Set(di, 0x7F)), nan, number)));
}

// The upper half of a float16.
VF widen_e5m2(VI code) {
  return widen_f16(hn::ShiftLeft<8>(code));
}

// The exponent bits of a float32; 0 is the subnormal 2^-127, all ones is a NaN.
VF widen_e8m0(VI code) {
  const DI di;
  const auto power =
      hn::IfThenElse(hn::Eq(code, hn::Zero(di)), hn::Set(di, 1 << 22), hn::ShiftLeft<23>(code));
  const auto nan = hn::Set(di, 0x7FC00000);
  return hn::BitCast(DF(), hn::IfThenElse(hn::Eq(code, hn::Set(di, 255)), nan, power));
}

// Elements of type Stored, each by itself.
template <class Stored, class Widen>
void decode_each(const std::byte* p, size_t n, Widen widen, float* out) {
  const DF d;
  const hn::Rebind<Stored, DI> stored_tag;
  const size_t lanes = hn::Lanes(d);
  const auto convert = [&](const std::byte* from, float* to, size_t count) HWY_ATTR {
    HWY_ALIGN Stored stored[kHalf] = {};  // the source may be at an odd address
    std::memcpy(stored, from, sizeof(Stored) * count);
    HWY_ALIGN float values[kHalf];
    hn::Store(widen(hn::PromoteTo(DI(), hn::Load(stored_tag, stored))), d, values);
    std::memcpy(to, values, sizeof(float) * count);
  };
  size_t i = 0;
  for (; i + lanes <= n; i += lanes) convert(p + sizeof(Stored) * i, out + i, lanes);
  if (i < n) convert(p + sizeof(Stored) * i, out + i, n - i);
}

// All types but those of decode_k_quants.cc and decode_codebooks.cc.
void decode_plain(DType type, const std::byte* p, size_t n, float* out) {
  const size_t block_bytes = info(type).block_bytes;
  switch (type) {
    case DType::kF16:
      return decode_each<uint16_t>(p, n, widen_f16, out);
    case DType::kBF16:
      return decode_each<uint16_t>(p, n, widen_bf16, out);
    case DType::kF8E4M3:
      return decode_each<uint8_t>(p, n, widen_e4m3, out);
    case DType::kF8E5M2:
      return decode_each<uint8_t>(p, n, widen_e5m2, out);
    case DType::kF8E8M0:
      return decode_each<uint8_t>(p, n, widen_e8m0, out);
    case DType::kQ4_0:
      return decode_blocks<Nibbles, false>(p, n, block_bytes, 8, out);
    case DType::kQ4_1:
      return decode_blocks<Nibbles, true>(p, n, block_bytes, 0, out);
    case DType::kQ5_0:
      return decode_blocks<FiveBits, false>(p, n, block_bytes, 16, out);
    case DType::kQ5_1:
      return decode_blocks<FiveBits, true>(p, n, block_bytes, 0, out);
    case DType::kQ8_0:
      return decode_blocks<SignedBytes, false>(p, n, block_bytes, 0, out);
    default:
      CHECK(false);
  }
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(decode_plain);

void decode(DType type, const std::byte* bytes, size_t n, float* out) {
  switch (type) {
    case DType::kF32:
      std::memcpy(out, bytes, n * sizeof(float));
      return;
    case DType::kF16:
    case DType::kBF16:
    case DType::kF8E4M3:
    case DType::kF8E5M2:
    case DType::kF8E8M0:
    case DType::kQ4_0:
    case DType::kQ4_1:
    case DType::kQ5_0:
    case DType::kQ5_1:
    case DType::kQ8_0:
      return HWY_DYNAMIC_DISPATCH(decode_plain)(type, bytes, n, out);
    case DType::kQ2_K:
    case DType::kQ3_K:
    case DType::kQ4_K:
    case DType::kQ5_K:
    case DType::kQ6_K:
      return decode_k_quants(type, bytes, n, out);
    case DType::kFP4:
    case DType::kIQ4_NL:
    case DType::kMXFP4:
    case DType::kIQ4_XS:
      return decode_codebooks(type, bytes, n, out);
    case DType::kU8:
    case DType::kI32:
    case DType::kI64:
      return;  // CheckedBackend refuses them
  }
}

}  // namespace limpid::cpu
#endif
