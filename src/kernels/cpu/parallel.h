// Loops over independent tasks. What a task computes depends only on its index, so any number of threads
// gives the same bits.
#pragma once

#include <cstddef>
#include <omp.h>

#include "kernels/kernels.h"

namespace limpid::cpu {

/// Work (in elements touched or multiplications / 16) below which waking threads costs more than it saves.
constexpr size_t kParallelWork = 16384;

/// body(i, state) for i in [0, n); each thread calls make_state() once. `work` is that of the whole loop.
template <class MakeState, class Body>
void parallel_for(size_t n, size_t work, const MakeState& make_state, const Body& body) {
  const int n_thread = work < kParallelWork || n < 2 ? 1 : threads();
#pragma omp parallel num_threads(n_thread)
  {
    // oneDNN asks OpenMP how many threads it may use; inside a task the answer must always be one. The
    // setting belongs to this region's implicit task and ends with it.
    omp_set_num_threads(1);
    auto state = make_state();
#pragma omp for schedule(dynamic)
    for (size_t i = 0; i < n; ++i) body(i, state);
  }
}

template <class Body>
void parallel_for(size_t n, size_t work, const Body& body) {
  struct None {};
  parallel_for(
      n, work, [] { return None{}; }, [&body](size_t i, None&) { body(i); });
}

}  // namespace limpid::cpu
