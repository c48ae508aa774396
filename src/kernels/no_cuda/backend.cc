#include "kernels/kernels.h"

namespace limpid {

Result<const Backend*> cuda_backend() {
  return fail(ErrorCode::kUnsupported, "backend 'cuda': expected a build with CUDA, found one without it",
              "use the backend 'cpu'");
}

}  // namespace limpid
