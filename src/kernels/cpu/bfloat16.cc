#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cpu/bfloat16.cc"
#include "hwy/foreach_target.h"
// Keep the order: foreach_target.h comes first.
#include <bit>

#include "hwy/highway.h"

#include "kernels/cpu/ops.h"

HWY_BEFORE_NAMESPACE();
namespace limpid::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// The bits of the nearest bfloat16, ties to even, in the upper half.
template <class Bits>
HWY_INLINE Bits nearest(Bits bits) {
  const hn::DFromV<Bits> d;
  const Bits odd = hn::And(hn::ShiftRight<16>(bits), hn::Set(d, 1));
  return hn::AndNot(hn::Set(d, 0xFFFF), hn::Add(bits, hn::Add(odd, hn::Set(d, 0x7FFF))));
}

void split(const float* x, size_t n, uint16_t* high, uint16_t* low) {
  const hn::ScalableTag<float> d;
  const hn::RebindToUnsigned<decltype(d)> bits_tag;
  const hn::RebindToSigned<decltype(d)> signed_tag;
  const hn::Rebind<uint16_t, decltype(d)> half_tag;
  const auto store = [&](auto bits, uint16_t* to) HWY_ATTR {
    hn::StoreU(hn::DemoteTo(half_tag, hn::BitCast(signed_tag, hn::ShiftRight<16>(bits))), half_tag, to);
  };
  size_t i = 0;
  for (; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, x + i);
    const auto first = nearest(hn::BitCast(bits_tag, v));
    store(first, high + i);
    store(nearest(hn::BitCast(bits_tag, hn::Sub(v, hn::BitCast(d, first)))), low + i);
  }
  const auto one = [](float v) {
    const auto bits = std::bit_cast<uint32_t>(v);
    return (bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16;
  };
  for (; i < n; ++i) {
    high[i] = static_cast<uint16_t>(one(x[i]));
    low[i] = static_cast<uint16_t>(one(x[i] - std::bit_cast<float>(uint32_t{high[i]} << 16)));
  }
}

}  // namespace limpid::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace limpid::cpu {

HWY_EXPORT(split);

void split_bfloat16(const float* x, size_t n, uint16_t* high, uint16_t* low) {
  HWY_DYNAMIC_DISPATCH(split)(x, n, high, low);
}

}  // namespace limpid::cpu
#endif
