// Arithmetic on numbers that come from a file.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace limpid {

/// nullopt on overflow.
inline std::optional<size_t> checked_multiply(size_t a, size_t b) {
  size_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

/// Product of all numbers, 1 for none; nullopt on overflow (also when a later factor is 0).
inline std::optional<size_t> checked_product(std::span<const size_t> numbers) {
  std::optional<size_t> product = 1;
  for (const size_t number : numbers) {
    product = checked_multiply(*product, number);
    if (!product) return std::nullopt;
  }
  return product;
}

}  // namespace limpid
