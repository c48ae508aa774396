// How many bytes of packed weights a model may keep. First come, first served: a forward pass uses every
// layer once and in the same order, so the weights that are kept are the first ones, which is as good as any
// choice, where dropping the least recently used would drop each just before it is needed again.
#pragma once

#include <atomic>
#include <cstddef>
#include <limits>

namespace limpid {

class WeightBudget {
 public:
  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

  /// Reserves `n` bytes until they are given back, or says no.
  bool reserve(size_t n) {
    size_t used = used_.load();
    do {
      const size_t limit = limit_.load();
      if (used > limit || n > limit - used) return false;
    } while (!used_.compare_exchange_weak(used, used + n));
    return true;
  }
  void give_back(size_t n) { used_ -= n; }
  size_t used() const { return used_.load(); }
  size_t limit() const { return limit_.load(); }
  /// May be below what is used: then nothing more is kept until enough was given back.
  void set_limit(size_t limit) { limit_ = limit; }

 private:
  std::atomic<size_t> limit_ = kUnlimited;
  std::atomic<size_t> used_ = 0;
};

}  // namespace limpid
