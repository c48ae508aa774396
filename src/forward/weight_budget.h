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

  explicit WeightBudget(size_t limit) : limit_(limit) {}

  /// Reserves `n` bytes for good, or says no.
  bool reserve(size_t n) {
    size_t used = used_.load();
    do {
      if (n > limit_ - used) return false;
    } while (!used_.compare_exchange_weak(used, used + n));
    return true;
  }
  size_t used() const { return used_.load(); }

 private:
  const size_t limit_;
  std::atomic<size_t> used_ = 0;
};

}  // namespace limpid
