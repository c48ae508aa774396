// What limpid uses of oneDNN: single-threaded products of fixed shape. oneDNN may cut the inner dimension by
// the number of threads, which would change the bits; so every call here runs on one thread, and the loops
// over tiles are ours (parallel.h).
#pragma once

#include <cstddef>
#include <dnnl.hpp>

#include "kernels/kernels.h"

namespace limpid::cpu {

dnnl::engine& onednn_engine();

/// Whether products with bfloat16 weights are as fast as they ought to be.
bool multiplies_bfloat16();

/// Layout of a panel [n, k] of weights: the one oneDNN prefers for a product with a whole tile of x, and the
/// one all products with that n and k use. A multiple of 64 for n avoids padding.
dnnl::memory::desc panel_layout(Precision precision, size_t n, size_t k);

/// y = x w^T for one tile. x: [m, k], w: a panel of n rows, both of that precision; y: [m, n], float32; x and
/// y contiguous.
struct TileProduct {
  dnnl::primitive primitive;
  dnnl::memory::desc x, y, scratch;
};

/// Made once per shape, then shared by all threads; lives as long as the process.
const TileProduct& tile_product(Precision precision, size_t m, size_t n, size_t k);

/// Copies a row-major panel [n, k] of float32 into its layout.
struct PanelReorder {
  dnnl::primitive primitive;
  dnnl::memory::desc from, scratch;
};
const PanelReorder& panel_reorder(Precision precision, size_t n, size_t k);

/// Runs one product on one thread, again and again.
class TileRunner {
 public:
  explicit TileRunner(const TileProduct& product);
  void run(const void* x, const dnnl::memory& w, float* y);

 private:
  const dnnl::primitive& primitive_;
  dnnl::stream stream_;
  dnnl::memory x_, y_, scratch_;
};

/// Runs one reorder on one thread.
class ReorderRunner {
 public:
  explicit ReorderRunner(const PanelReorder& reorder);
  void run(const float* from, const dnnl::memory& to);

 private:
  const dnnl::primitive& primitive_;
  dnnl::stream stream_;
  dnnl::memory from_, scratch_;
};

/// c = alpha a b, or alpha a b^T; a: [m, k], b: [k, n] or [n, k], c: [m, n], with row strides. One thread.
void sgemm(bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float* a, size_t a_stride,
           const float* b, size_t b_stride, float* c, size_t c_stride);

}  // namespace limpid::cpu
