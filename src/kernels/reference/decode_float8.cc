#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/reference/decode.h"

namespace limpid::reference {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// Sign, 4 bits of exponent with bias 7, 3 bits of fraction. No infinities: all ones is the only NaN.
float from_e4m3(int code) {
  const int exponent = code >> 3 & 15, fraction = code & 7;
  if (exponent == 15 && fraction == 7) return kNan;
  const float magnitude = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -9)
                                        : std::ldexp(static_cast<float>(8 + fraction), exponent - 10);
  return code < 128 ? magnitude : -magnitude;
}

}  // namespace

float f32_from_f8(DType type, uint8_t code) {
  switch (type) {
    case DType::kF8E4M3:
      return from_e4m3(code);
    case DType::kF8E5M2:  // the upper half of a float16
      return f32_from_f16(static_cast<uint16_t>(code << 8));
    case DType::kF8E8M0:
      return code == 255 ? kNan : std::ldexp(1.0f, code - 127);
    default:
      CHECK(false);
  }
}

}  // namespace limpid::reference
