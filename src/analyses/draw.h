// Drawing at random, with the same draws everywhere: std::mt19937_64 and integer arithmetic only.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "base/check.h"

namespace limpid {

/// 0 to n - 1, each as likely. n > 0.
inline size_t draw(std::mt19937_64& random, size_t n) {
  const uint64_t unbiased = ~uint64_t{0} - ~uint64_t{0} % n;  // a multiple of n
  for (;;) {
    if (const uint64_t value = random(); value < unbiased) return static_cast<size_t>(value % n);
  }
}

/// `count` different elements, in random order. CHECKs that there are as many.
template <class T>
std::vector<T> draw_different(std::mt19937_64& random, std::span<const T> from, size_t count) {
  CHECK(count <= from.size());
  std::vector<T> pool(from.begin(), from.end());
  for (size_t i = 0; i < count; ++i) std::swap(pool[i], pool[i + draw(random, pool.size() - i)]);
  pool.resize(count);
  return pool;
}

}  // namespace limpid
