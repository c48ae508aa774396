#include <algorithm>
#include <atomic>
#include <omp.h>
#include <string>

#include "kernels/kernels.h"

namespace limpid {

namespace {
std::atomic<int> requested_threads = 0;  // 0: one per processor
}

Result<const Backend*> backend(std::string_view name) {
  if (name == "cpu") return &cpu_backend();
  if (name == "reference") return &reference_backend();
  if (name == "cuda") return cuda_backend();
  return fail(ErrorCode::kInvalidArgument,
              "backend: expected 'cpu', 'reference' or 'cuda', found '" + std::string(name) + "'");
}

void set_threads(int n) {
  requested_threads = std::max(n, 0);
}

int threads() {
  const int n = requested_threads;
  return n > 0 ? n : std::max(1, omp_get_num_procs());
}

}  // namespace limpid
