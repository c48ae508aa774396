#include <bit>
#include <cmath>
#include <cstdint>

#include "forward/blocks/blocks.h"
#include "model/rope.h"

namespace limpid {

namespace {

/// To the nearest bfloat16, ties to even. Finite x.
float round_to_bf16(float x) {
  const auto bits = std::bit_cast<uint32_t>(x);
  return std::bit_cast<float>((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000u);
}

}  // namespace

Rotation::Rotation(const RopeSpec& rope, size_t first, size_t n_tok) {
  const std::vector<float> frequency = inverse_frequency(rope, n_tok);
  cos = Matrix(n_tok - first, frequency.size());
  sin = Matrix(n_tok - first, frequency.size());
  for (size_t t = 0; t < cos.rows(); ++t) {
    for (size_t i = 0; i < frequency.size(); ++i) {
      // The angle is rounded to float32, as the reference implementation does; cos and sin of it are exact.
      const float angle = static_cast<float>(first + t) * frequency[i];
      cos.row(t)[i] = static_cast<float>(std::cos(static_cast<double>(angle))) * rope.magnitude;
      sin.row(t)[i] = static_cast<float>(std::sin(static_cast<double>(angle))) * rope.magnitude;
    }
  }
}

Matrix alibi_key_bias(const ModelSpec& spec, size_t n_tok) {
  if (!spec.alibi) return {};
  const AlibiSpec& alibi = *spec.alibi;
  Matrix bias(alibi.slope.size(), n_tok);
  for (size_t h = 0; h < bias.rows(); ++h) {
    for (size_t t = 0; t < n_tok; ++t) {
      const auto position = static_cast<float>(t);
      bias.row(h)[t] = alibi.scale *
                       (alibi.in_bf16 ? round_to_bf16(round_to_bf16(alibi.slope[h]) * round_to_bf16(position))
                                      : alibi.slope[h] * position);
    }
  }
  return bias;
}

}  // namespace limpid
