#include "kernels/checked_backend.h"
#include "kernels/reference/ops.h"

namespace limpid {

const Backend& reference_backend() {
  using namespace limpid::reference;
  static const CheckedBackend backend({.name = "reference",
                                       .decode = decode,
                                       .bytes_per_weight = bytes_per_weight,
                                       .pack = pack,
                                       .matmul = matmul,
                                       .gemm = gemm,
                                       .rms_norm = rms_norm,
                                       .layer_norm = layer_norm,
                                       .rope = rope,
                                       .attention = attention,
                                       .attention_rows = attention_rows,
                                       .activate = activate,
                                       .gated_activate = gated_activate,
                                       .add = add,
                                       .softmax = softmax,
                                       .proximity = proximity,
                                       .attention_proximity = attention_proximity});
  return backend;
}

}  // namespace limpid
